-- One row per step at which drop-off is counted: those of the funnels, and the required stages of the map that the exports
-- can show, as the steps of a funnel `map:stages` that journeys go through.
-- key: funnel_id, step_number
select
    funnel_id,                  -- of settings.funnels, or map:stages
    step_number,                -- 1 is the entry
    step_label                  -- as pages call it
from settings.funnel_steps
union all
select
    'map:stages', measured.required_number, stages.stage_label
from metrics.measured_stages as measured
inner join settings.stages as stages on measured.stage = stages.stage
where measured.is_required
