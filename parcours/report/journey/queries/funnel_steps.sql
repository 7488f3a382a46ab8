-- One row per step of a funnel, with the step before.
select
    funnel_id, funnel_name, unit, window_days, step_number, step_label as label,
    lag(step_label) over in_funnel as previous_label,
    entered_count,
    lag(reached_count) over in_funnel as previous_count,
    reached_count, dropped_count, open_count, uncovered_count, conversion_rate, step_rate, drop_off_rate,
    step_rate_low as low, step_rate_high as high, median_seconds_from_previous as median_seconds, revenue_at_stake
from metrics.funnel_steps
window in_funnel as (partition by funnel_id order by step_number)
order by funnel_id, step_number
