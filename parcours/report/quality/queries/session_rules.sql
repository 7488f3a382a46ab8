-- What another rule of sessions would change
select
    {'told': variant} as "Sessions end after",
    session_count as "Sessions",
    converted_count as "With an order",
    conversion_rate as "Conversion",
    {'told': case when is_ranked_as_chosen then 'the same' else 'another' end} as "Order of stages by drop-off",
    {'told': case when is_chosen then 'yes' else 'no' end} as "The shop's rule",
    not is_chosen as is_small
from metrics.session_sensitivity
where session_count > 0
order by timeout_minutes, cuts_by_tracker, cuts_at_midnight
