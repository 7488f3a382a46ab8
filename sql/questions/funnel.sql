-- One row per step of a funnel that was asked for, within each group: what `outcomes` (funnel_outcomes.sql) and `attempts` say.
-- `steps` are all steps; an optional one stands in no chain, but behind one that does (`after_step`), with its rows in
-- `optional_hits`. Columns as in metrics.funnel_steps; of an open funnel a step counts who came to it from anywhere.
with reached as (
    select
        outcomes.*, attempts.step_number, attempts.reached_at,
        lag(attempts.reached_at) over in_attempt as previous_reached_at,
        lead(attempts.reached_at) over in_attempt as next_reached_at
    from outcomes
    inner join attempts
        on
            outcomes.unit_id = attempts.unit_id
            and outcomes.entered_on = attempts.entered_on
            and outcomes.entry_step = attempts.entry_step
    where outcomes.is_best
    window in_attempt as (
        partition by attempts.unit_id, attempts.entered_on, attempts.entry_step order by attempts.step_number
    )
),

totals as (
    select group_key, count(distinct unit_id) filter (where is_matured) as entered_count
    from outcomes
    where is_best
    group by all
),

counts as (
    select
        group_key,
        step_number,
        count(distinct unit_id) filter (where is_matured) as reached_count,
        count(distinct unit_id) filter (where is_matured and previous_reached_at is not null) as continued_count,
        count(distinct unit_id) filter (where not is_matured) as open_count,
        median(case when is_matured then elapsed_seconds(previous_reached_at, reached_at) end)
            as median_seconds_from_previous,
        avg(cast(case when is_matured then elapsed_seconds(previous_reached_at, reached_at) end as decimal(18, 6)))
            as mean_seconds_from_previous,
        median(case when is_matured then elapsed_seconds(entered_at, reached_at) end) as median_seconds_from_entry
    from reached
    group by all
),

-- An optional step is done between the step before it and the next one; where that is not reached, within the window.
optional_counts as (
    select
        group_key,
        optional_hits.number,
        count(distinct unit_id) filter (where is_matured) as reached_count,
        count(distinct unit_id) filter (where not is_matured) as open_count
    from reached
    cross join asked
    inner join optional_hits on reached.unit_id = optional_hits.hit_unit_id
    where
        reached.step_number = optional_hits.after_step
        and case
            when optional_hits.fits_before then optional_hits.occurred_at > reached.reached_at
            else optional_hits.occurred_at >= reached.reached_at
        end
        and case
            when reached.next_reached_at is null
                then coalesce(elapsed_seconds(reached.entered_at, optional_hits.occurred_at) <= asked.window_seconds, true)
            when optional_hits.fits_next then optional_hits.occurred_at < reached.next_reached_at
            else optional_hits.occurred_at <= reached.next_reached_at
        end
    group by all
),

table_of_steps as (
    select
        groups.group_key,
        steps.number as step_number,
        steps.label as step_label,
        steps.is_optional,
        groups.entered_count,
        coalesce(case when steps.is_optional then optional_counts.reached_count else counts.reached_count end, 0)
            as reached_count,
        coalesce(case when steps.is_optional then optional_counts.reached_count else counts.continued_count end, 0)
            as continued_count,
        coalesce(case when steps.is_optional then optional_counts.open_count else counts.open_count end, 0) as open_count,
        case when steps.number > 1 then coalesce(before.reached_count, 0) end as previous_count,
        counts.median_seconds_from_previous,
        counts.mean_seconds_from_previous,
        counts.median_seconds_from_entry
    from totals as groups
    cross join steps
    left join counts
        on steps.chain_step = counts.step_number and groups.group_key is not distinct from counts.group_key
    left join optional_counts
        on steps.number = optional_counts.number and groups.group_key is not distinct from optional_counts.group_key
    left join counts as before
        on steps.after_step = before.step_number and groups.group_key is not distinct from before.group_key
)

select
    group_key,
    step_number,
    step_label,
    is_optional,
    entered_count,
    reached_count,
    case when not is_optional then coalesce(previous_count - continued_count, 0) end as dropped_count,
    open_count,
    rate(reached_count, entered_count) as conversion_rate,
    rate(continued_count, previous_count) as step_rate,
    case when not is_optional then 1 - rate(continued_count, previous_count) end as drop_off_rate,
    wilson_low(continued_count, previous_count) as step_rate_low,
    wilson_high(continued_count, previous_count) as step_rate_high,
    median_seconds_from_previous,
    cast(mean_seconds_from_previous as double) as mean_seconds_from_previous,
    median_seconds_from_entry
from table_of_steps
