-- One row per stage and touchpoint: how many journeys touched it there, and how many of those got no further.
with drops as (
    select stage, stage_position from settings.stages
),

touched as (
    select distinct in_journey.journey_id, touchpoints.stage, touchpoints.touchpoint, touchpoints.action
    from journeys.touchpoints as touchpoints
    inner join journeys.journey_touchpoints as in_journey on touchpoints.touchpoint_id = in_journey.touchpoint_id
    where touchpoints.stage is not null
),

totals as (
    select stage, cast(count(distinct journey_id) as bigint) as stage_journey_count
    from touched
    group by stage
)

select
    touched.stage,              -- of settings.stages
    touched.touchpoint,         -- name by rule
    touched.action = 'error' as is_error,  -- something went wrong
    cast(count(*) as bigint) as journey_count,  -- journeys that touched it
    rate(count(*), max(totals.stage_journey_count)) as journey_share,  -- of the journeys that touched the stage
    cast(count(*) filter (where journeys.furthest_required_position = drops.stage_position) as bigint) as ended_count,  -- of these, journeys that got no further than this stage
from touched
inner join totals on touched.stage = totals.stage
inner join drops on touched.stage = drops.stage
inner join journeys.journeys as journeys on touched.journey_id = journeys.journey_id
group by touched.stage, touched.touchpoint, touched.action
