-- One row per stage and trigger: how many touchpoints, people and journeys it has, and how many journeys began so. A stage
-- without a touchpoint of a trigger has no row for it.
with first_touchpoints as (
    select in_journey.touchpoint_id
    from journeys.journey_touchpoints as in_journey
    inner join journeys.touchpoints as touchpoints on in_journey.touchpoint_id = touchpoints.touchpoint_id
    qualify
        row_number() over (
            partition by in_journey.journey_id
            order by
                in_journey.occurred_at, touchpoints.sequence nulls last, in_journey.stage_position nulls last,
                in_journey.touchpoint_id
        ) = 1
)

select
    touchpoints.stage,          -- of settings.stages; null: no stage
    touchpoints.triggered_by,   -- customer, brand or outside
    cast(count(*) as bigint) as touchpoint_count,  -- touchpoints
    rate(count(*), sum(count(*)) over (partition by touchpoints.stage)) as touchpoint_share,  -- of the stage's
    cast(count(distinct touchpoints.person_id) as bigint) as person_count,  -- people with one
    cast(count(distinct in_journey.journey_id) as bigint) as journey_count,  -- journeys with one
    cast(count(first_touchpoints.touchpoint_id) as bigint) as begun_count,  -- journeys that began with one of these
from journeys.touchpoints as touchpoints
left join journeys.journey_touchpoints as in_journey on touchpoints.touchpoint_id = in_journey.touchpoint_id
left join first_touchpoints on touchpoints.touchpoint_id = first_touchpoints.touchpoint_id
group by touchpoints.stage, touchpoints.triggered_by
