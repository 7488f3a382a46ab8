-- One row per step of a funnel, with the step before and what may lie between the two.
select
    steps.funnel_id, steps.funnel_name, steps.unit, steps.window_days, funnels.step_order, funnels.ties,
    steps.step_number, steps.step_label as label,
    lag(steps.step_label) over in_funnel as previous_label,
    steps.entered_count,
    lag(steps.reached_count) over in_funnel as previous_count,
    steps.reached_count, steps.dropped_count, steps.open_count, steps.uncovered_count, steps.conversion_rate,
    steps.step_rate, steps.drop_off_rate, steps.step_rate_low as low, steps.step_rate_high as high,
    steps.median_seconds_from_previous as median_seconds, steps.revenue_at_stake,
    rules.within_seconds,
    nullif(case when funnels.ties = 'advance' then rules.at_least_seconds end, 0) as at_least_seconds,
    exclusions.touchpoints as excluded
from metrics.funnel_steps as steps
inner join settings.funnels as funnels on steps.funnel_id = funnels.funnel_id
left join settings.funnel_rules as rules on steps.funnel_id = rules.funnel_id and steps.step_number = rules.step_number
left join (
    select funnel_id, step_number, string_agg(touchpoint, ', ' order by touchpoint) as touchpoints
    from settings.funnel_exclusions
    group by funnel_id, step_number
) as exclusions on steps.funnel_id = exclusions.funnel_id and steps.step_number = exclusions.step_number
window in_funnel as (partition by steps.funnel_id order by steps.step_number)
order by steps.funnel_id, steps.step_number
