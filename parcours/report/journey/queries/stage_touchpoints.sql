-- One row per stage and touchpoint, the most touched first. Journeys end only in stages that have something to go on to.
select
    touched.stage, touched.touchpoint, coalesce(touched.is_error, false) as is_error, touched.journey_count,
    touched.journey_share,
    case when stages.dropped_count is not null then touched.ended_count end as ended_count
from metrics.stage_touchpoints as touched
inner join metrics.stage_drop_off as stages on touched.stage = stages.stage
order by stages.stage_position, touched.journey_count desc, touched.touchpoint
