-- One row per stage visit: a run of a journey's touchpoints in one stage, until one in another stage.
-- Touchpoints without a stage do not end a visit. A visit lasts from its first touchpoint to the next visit's first, or
-- to its own last when it is the journey's last.
-- key: journey_id, visit_number
with stepped as (
    select
        journey_id,
        person_id,
        touchpoint_id,
        occurred_at,
        stage,
        stage_position,
        lag(stage) over in_journey as previous_stage
    from journeys.journey_touchpoints
    where stage is not null
    window in_journey as (partition by person_id, journey_id order by occurred_at, stage_position, touchpoint_id)
),

numbered as (
    select
        *,
        cast(sum(case when previous_stage is null or previous_stage <> stage then 1 else 0 end) over (
            partition by person_id, journey_id order by occurred_at, stage_position, touchpoint_id
            rows unbounded preceding
        ) as bigint) as visit_number
    from stepped
),

visits as (
    select
        journey_id,
        person_id,
        visit_number,
        stage,
        stage_position,
        min(occurred_at) as entered_at,
        max(occurred_at) as last_touched_at,
        cast(count(*) as bigint) as touchpoint_count
    from numbered
    group by journey_id, person_id, visit_number, stage, stage_position
)

select
    journey_id,                 -- of journeys.journeys
    person_id,                  -- of journeys.people
    visit_number,               -- 1 for the journey's first visit
    stage,                      -- the stage
    stage_position,             -- on the map
    entered_at,                 -- UTC instant of the first touchpoint
    coalesce(lead(entered_at) over in_journey, last_touched_at) as left_at,  -- UTC instant of the next visit, or the last touchpoint
    touchpoint_count,           -- touchpoints in the visit
    lead(stage) over in_journey as next_stage,  -- the stage that came next; null: none
    coalesce(lead(stage_position) over in_journey < stage_position, false) as is_followed_by_back_step,  -- the next stage is an earlier one
from visits
window in_journey as (partition by person_id, journey_id order by visit_number)
