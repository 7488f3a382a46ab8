-- One row per step of a funnel and shop day of entry: what became of the attempts of that day.
-- Here attempts count, not units: who entered on two days stands in both. Days without an attempt have no row.
-- Not of the map: a journey that orders is over at once, one that falls silent only after the inactivity limit, so its fresh
-- days would look good. Its figure over time is stage passage (metrics.kpi_daily, metrics.kpi_weekly: stage_passage:…).
-- key: funnel_id, entered_on, step_number
with counted as ( -- counted_steps reads it -- noqa: ST03
    select funnel_id, 'day' as dimension, entered_on as value, furthest_step, state, count(*) as unit_count
    from metrics.funnel_attempts
    group by funnel_id, entered_on, furthest_step, state
)

select
    counts.funnel_id,           -- of settings.funnels
    counts.value as entered_on,  -- shop day of entry
    counts.step_number,         -- of settings.funnel_steps
    counts.step_label,          -- as pages call it
    counts.entered_count,       -- matured attempts
    counts.reached_count,       -- of these, reached this step
    counts.dropped_count,       -- of these, reached the step before and not this one
    counts.open_count,          -- attempts at this step whose window has not ended
    counts.uncovered_count,     -- attempts at this step that entered before all that the steps need is known
    counts.conversion_rate,     -- reached / entered
    counts.step_rate,           -- reached / reached the step before; null: the entry, or nobody
    counts.drop_off_rate,       -- 1 − step_rate
    counts.step_rate_low,       -- Wilson 95 %
    counts.step_rate_high,      -- Wilson 95 %
    counts.is_small             -- too few at the step before to rank the rate
from counted_steps as counts
