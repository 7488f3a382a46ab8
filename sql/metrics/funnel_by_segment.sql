-- One row per step of a funnel (or required stage of the map), dimension and value: the counts of metrics.funnel_steps and
-- metrics.stage_drop_off, split by what was known at the entry.
-- Each unit stands in one value of a dimension, that of its best attempt's entry, so the values add up to the whole;
-- `not known`: the entry was in no session, or nothing was known of it then. A payment method is chosen on the way, so
-- it is no dimension here: who has one got far.
-- key: funnel_id, dimension, value, step_number
with best as (
    select funnel_id, furthest_step, state, session_id, coalesce(campaign, 'not known') as campaign
    from metrics.drop_off_attempts
    where is_best
),

dimensions as (
    select distinct dimension from journeys.session_segments where dimension not in ('payment method', 'campaign')
),

counted as ( -- counted_steps reads it -- noqa: ST03
    select
        best.funnel_id, dimensions.dimension, coalesce(segments.value, 'not known') as value, best.furthest_step,
        best.state, count(*) as unit_count
    from best
    cross join dimensions
    left join journeys.session_segments as segments
        on best.session_id = segments.session_id and dimensions.dimension = segments.dimension
    group by best.funnel_id, dimensions.dimension, coalesce(segments.value, 'not known'), best.furthest_step, best.state
    union all
    select funnel_id, 'campaign', campaign, furthest_step, state, count(*)
    from best
    group by funnel_id, campaign, furthest_step, state
)

select
    counts.funnel_id,           -- of settings.funnels, or map:stages
    counts.dimension,           -- of journeys.session_segments, or campaign
    counts.value,               -- of the dimension; not known: none at the entry
    counts.step_number,         -- of metrics.drop_off_steps
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
