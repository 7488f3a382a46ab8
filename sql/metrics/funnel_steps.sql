-- One row per step of a funnel: how many of those who entered reached it. Each unit counts once, as its best matured attempt
-- (metrics.funnel_attempts); a unit without one is open or uncovered, and in no rate. Interval: Wilson 95 % of the step's own conversion. Revenue at stake is of those lost here.
-- key: funnel_id, step_number
with attempts as (
    select
        reached.funnel_id,
        reached.step_number,
        reached.entered_at,
        reached.reached_at,
        outcomes.state,
        outcomes.is_matured,
        lag(reached.reached_at) over (
            partition by reached.funnel_id, reached.unit_id order by reached.step_number
        ) as previous_reached_at
    from journeys.attempt_steps as reached
    inner join metrics.funnel_attempts as outcomes
        on
            reached.funnel_id = outcomes.funnel_id
            and reached.unit_id = outcomes.unit_id
            and reached.entered_on = outcomes.entered_on
            and outcomes.is_best
),

counts as (
    select
        funnel_id,
        step_number,
        cast(count(*) filter (where is_matured) as bigint) as reached_count,
        cast(count(*) filter (where state = 'open') as bigint) as open_count,
        cast(count(*) filter (where state = 'uncovered') as bigint) as uncovered_count,
        median(case when is_matured then elapsed_seconds(previous_reached_at, reached_at) end)
            as median_seconds_from_previous,
        avg(cast(case when is_matured then elapsed_seconds(previous_reached_at, reached_at) end as decimal(18, 6)))
            as mean_seconds_from_previous,
        median(case when is_matured then elapsed_seconds(entered_at, reached_at) end)
            as median_seconds_from_entry
    from attempts
    group by funnel_id, step_number
),

steps as (
    select
        steps.funnel_id,
        steps.step_number,
        steps.step_label,
        funnels.funnel_name,
        funnels.unit,
        funnels.window_seconds,
        coalesce(counts.reached_count, 0) as reached_count,
        coalesce(counts.open_count, 0) as open_count,
        coalesce(counts.uncovered_count, 0) as uncovered_count,
        counts.median_seconds_from_previous,
        counts.mean_seconds_from_previous,
        counts.median_seconds_from_entry,
        first_value(coalesce(counts.reached_count, 0)) over in_funnel as entered_count,
        lag(coalesce(counts.reached_count, 0)) over in_funnel as previous_count
    from settings.funnel_steps as steps
    inner join settings.funnels as funnels on steps.funnel_id = funnels.funnel_id
    left join counts on steps.funnel_id = counts.funnel_id and steps.step_number = counts.step_number
    window in_funnel as (partition by steps.funnel_id order by steps.step_number)
),

ends as (
    select
        steps.*,
        last_value(reached_count) over (
            partition by funnel_id order by step_number rows between unbounded preceding and unbounded following
        ) as completed_count
    from steps
)

select
    ends.funnel_id,             -- of settings.funnels
    ends.funnel_name,           -- as in journey.yaml
    ends.unit,                  -- what is counted
    ends.window_seconds / 86400.0 as window_days,  -- from the first step, end included; null: none
    ends.step_number,           -- 1 is the entry
    ends.step_label,            -- as in journey.yaml
    ends.entered_count,         -- units with a matured attempt
    ends.reached_count,         -- of these, reached this step
    coalesce(ends.previous_count - ends.reached_count, 0) as dropped_count,  -- reached the step before and not this one
    ends.open_count,            -- units at this step whose window has not ended
    ends.uncovered_count,       -- units at this step that entered before all that the steps need is known
    rate(ends.reached_count, ends.entered_count) as conversion_rate,  -- reached / entered
    rate(ends.reached_count, ends.previous_count) as step_rate,  -- reached / reached the step before
    1 - rate(ends.reached_count, ends.previous_count) as drop_off_rate,  -- dropped / reached the step before
    wilson_low(ends.reached_count, ends.previous_count) as step_rate_low,  -- Wilson 95 %
    wilson_high(ends.reached_count, ends.previous_count) as step_rate_high,  -- Wilson 95 %
    ends.median_seconds_from_previous,  -- over those who reached it
    ends.mean_seconds_from_previous,  -- over those who reached it
    ends.median_seconds_from_entry,  -- over those who reached it
    revenue_at_stake(
        ends.previous_count - ends.reached_count, ends.reached_count, ends.completed_count,
        order_value.average_order_value
    ) as revenue_at_stake,      -- in the shop's currency
from ends
cross join metrics.order_value as order_value
