-- One row per stage visit: a run of a journey's touchpoints in one stage, until one in another stage.
-- Touchpoints without a stage do not end a visit. A visit lasts from its first touchpoint to the next visit's first, or
-- to its own last when it is the journey's last. The visits tile the journey, and each of its sessions: every
-- touchpoint with a stage lies in exactly one visit, whose first and last number enclose its staged_number.
-- How: only the first and last touchpoint of each run are put in order.
-- keyed by: person_id
-- within person_id: journey_id
-- key: journey_id, visit_number
with turns as (
    select
        journey_id,
        person_id,
        session_id,
        occurred_at,
        stage,
        stage_position,
        staged_number,
        previous_stage is null or previous_stage <> stage as is_entry,
        next_stage is null or next_stage <> stage as is_exit
    from journeys.journey_touchpoints
    where
        stage is not null
        and (previous_stage is null or previous_stage <> stage or next_stage is null or next_stage <> stage)
),

runs as (
    select
        turns.*,
        case when is_exit then occurred_at else lead(occurred_at) over in_journey end as last_touched_at,
        case when is_exit then staged_number else lead(staged_number) over in_journey end as last_number
    from turns
    window in_journey as (partition by journey_id order by staged_number)
),

entries as (
    select
        journey_id,
        person_id,
        session_id,
        stage,
        stage_position,
        occurred_at as entered_at,
        last_touched_at,
        staged_number as first_number,
        last_number,
        row_number() over (partition by journey_id order by staged_number) as visit_number,
        lag(stage) over in_journey as previous_stage,
        lag(stage_position) over in_journey as previous_position,
        lead(stage) over in_journey as next_stage,
        lead(stage_position) over in_journey as next_position,
        lead(occurred_at) over in_journey as next_entered_at
    from runs
    where is_entry
    window in_journey as (partition by journey_id order by staged_number)
)

select
    journey_id,                 -- of journeys.journeys
    person_id,                  -- of journeys.people
    visit_number,               -- 1 for the journey's first visit
    session_id,                 -- in which the stage was entered; null: off the site
    stage,                      -- the stage
    stage_position,             -- on the map
    entered_at,                 -- UTC instant of the first touchpoint
    coalesce(next_entered_at, last_touched_at) as left_at,  -- UTC instant of the next visit, or the last of it
    elapsed_seconds(entered_at, coalesce(next_entered_at, last_touched_at)) as visit_seconds,  -- from entry to exit
    last_number - first_number + 1 as touchpoint_count,  -- touchpoints in the visit
    first_number,               -- staged_number of its first touchpoint
    last_number,                -- staged_number of its last touchpoint
    previous_stage,             -- the stage that came before; null: the journey begins here
    coalesce(previous_position > stage_position, false) as is_back_step,  -- the stage before is a later one
    next_stage,                 -- the stage that came next; null: none
    next_entered_at,            -- UTC instant at which it was entered; null: none
    coalesce(next_position < stage_position, false) as is_followed_by_back_step,  -- the next stage is an earlier one
from entries
