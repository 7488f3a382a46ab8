-- title: {name}: {value} of those of the step before
-- unit: share
-- headline: lowest
select
    concat_ws(': ', case when count(distinct funnel_id) over () > 1 then funnel_name end, step_label) as name,
    step_rate as value, step_rate_low as low, step_rate_high as high
from metrics.funnel_steps
where step_rate is not null
order by funnel_name, funnel_id, step_number
