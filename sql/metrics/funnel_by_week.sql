-- One row per step of a funnel and week (from Monday) of entry.
-- A unit that entered on several days of the week counts once, with its best attempt of that week.
-- Not of the map: a journey that orders is over at once, one that falls silent only after the inactivity limit, so its fresh
-- days would look good. Its figure over time is stage passage (metrics.kpi_daily, metrics.kpi_weekly: stage_passage:…).
-- key: funnel_id, week_on, step_number
with best as (
    select funnel_id, furthest_step, state, cast(date_trunc('week', entered_on) as date) as week_on
    from metrics.funnel_attempts
    qualify row_number() over (
        partition by funnel_id, unit_id, date_trunc('week', entered_on)
        order by state_rank(state), furthest_step desc, entered_at desc
    ) = 1
),

counted as ( -- counted_steps reads it -- noqa: ST03
    select funnel_id, 'week' as dimension, week_on as value, furthest_step, state, count(*) as unit_count
    from best
    group by funnel_id, week_on, furthest_step, state
)

select
    counts.funnel_id,           -- of settings.funnels
    counts.value as week_on,    -- the week's Monday, a shop day
    counts.step_number,         -- of settings.funnel_steps
    counts.step_label,          -- as pages call it
    counts.entered_count,       -- units with a matured attempt
    counts.reached_count,       -- of these, reached this step
    counts.dropped_count,       -- of these, reached the step before and not this one
    counts.open_count,          -- units at this step whose window has not ended
    counts.uncovered_count,     -- units at this step that entered before all that the steps need is known
    counts.conversion_rate,     -- reached / entered
    counts.step_rate,           -- reached / reached the step before; null: the entry, or nobody
    counts.drop_off_rate,       -- 1 − step_rate
    counts.step_rate_low,       -- Wilson 95 %
    counts.step_rate_high,      -- Wilson 95 %
    counts.is_small             -- too few at the step before to rank the rate
from counted_steps as counts
