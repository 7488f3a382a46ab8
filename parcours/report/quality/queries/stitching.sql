-- What putting identifiers together changes
select
    {'capital': view} as "Counted",
    person_count as "People",
    session_count as "Sessions",
    ordered_session_count as "Sessions with an order",
    conversion_per_session as "Conversion",
    conversion_per_person as "Conversion of people",
    funnel_conversion_rate as "Through the first funnel"
from metrics.stitching_effect
where session_count > 0
order by view
