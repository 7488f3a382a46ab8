-- Measured without consent
select
    export as "Export",
    min(visited_on) as "From",
    max(visited_on) as "Until",
    cast(sum(session_count) as bigint) as "Sessions",
    cast(sum(event_count) as bigint) as "Events",
    cast(sum(view_count) as bigint) as "Views"
from metrics.exempt_visits
group by export
order by export
