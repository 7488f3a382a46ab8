-- One row per deviation of a journey from the intended path (`path` in journey.yaml): its kind, place and instant.
-- skip: a required stage without a touchpoint, though the journey got to a later required one. back: it entered a
-- required stage that lies before the required stage it was in; or one of the touchpoints that should follow each other
-- came after a later one of them. loop: going forward again, it came back to the stage that it had just gone back
-- from (A → B → A). repeat: going forward, it entered another stage that it had been in. late: all visits to a stage
-- together, or the way from one place to another (first instants), took longer than the maximum. forbidden: it entered
-- a forbidden stage. Optional stages are passed over: help in the middle of a checkout leads neither back nor astray.
-- What has not come (yet) is no deviation: where a journey ends is its furthest stage, and its drop-off.
-- keyed by: person_id
-- key: journey_id, deviation_number
with required as (
    select path.stage, path.stage_position, cast(count(*) as bigint) as required_number
    from settings.path_stages as path
    inner join settings.path_stages as earlier on earlier.stage_position <= path.stage_position
    where path.rule = 'required' and earlier.rule = 'required'
    group by path.stage, path.stage_position
),

required_visits as (
    select
        visits.person_id,
        visits.journey_id,
        visits.visit_number,
        visits.stage,
        visits.stage_position,
        visits.entered_at,
        required.required_number,
        lag(visits.stage) over (
            partition by visits.journey_id order by visits.visit_number
        ) as from_stage
    from journeys.stage_visits as visits
    inner join required on visits.stage = required.stage
),

steps as (
    select
        required_visits.*,
        lag(stage_position) over in_journey as from_position,
        lag(stage, 2) over in_journey as stage_before_that,
        row_number() over (partition by journey_id, stage order by visit_number) as time_number
    from required_visits
    where from_stage is null or from_stage <> stage
    window in_journey as (partition by journey_id order by visit_number)
),

-- Only first visits, by the map: a hole between two is what was skipped.
reached as (
    select
        person_id,
        journey_id,
        stage,
        required_number,
        lag(stage) over on_the_map as from_stage,
        coalesce(lag(required_number) over on_the_map, 0) as from_number,
        min(entered_at) over (
            partition by journey_id order by required_number
            rows between current row and unbounded following
        ) as passed_at
    from steps
    where time_number = 1
    window on_the_map as (partition by journey_id order by required_number)
),

limited_visits as (
    select
        visits.person_id,
        visits.journey_id,
        visits.stage,
        visits.left_at,
        seconds_beyond(sum(cast(visits.visit_seconds as decimal(18, 6))) over (
            partition by visits.journey_id, visits.stage order by visits.visit_number
            rows unbounded preceding
        ), path.maximum_seconds) as seconds_beyond
    from journeys.stage_visits as visits
    inner join settings.path_stages as path on visits.stage = path.stage
    where path.maximum_seconds is not null
),

places as (
    select from_type as place_type, from_place as place from settings.path_limits
    union
    select to_type, to_place from settings.path_limits
    union
    select 'touchpoint', touchpoint from settings.path_order
),

first_instants as (
    select visits.person_id, visits.journey_id, places.place_type, places.place, min(visits.entered_at) as first_at
    from journeys.stage_visits as visits
    inner join places on places.place_type = 'stage' and visits.stage = places.place
    group by visits.person_id, visits.journey_id, places.place_type, places.place
    union all
    select
        touchpoints.person_id, touchpoints.journey_id, places.place_type, places.place, min(touchpoints.occurred_at)
    from journeys.journey_touchpoints as touchpoints
    inner join places on places.place_type = 'touchpoint' and touchpoints.touchpoint = places.place
    group by touchpoints.person_id, touchpoints.journey_id, places.place_type, places.place
),

in_order as (
    select
        first_instants.person_id,
        first_instants.journey_id,
        ordered.place_number,
        ordered.place,
        min(first_instants.first_at) as first_at
    from first_instants
    inner join settings.path_order as ordered on first_instants.place = ordered.touchpoint
    where first_instants.place_type = 'touchpoint'
    group by first_instants.person_id, first_instants.journey_id, ordered.place_number, ordered.place
),

deviations as (
    select
        reached.person_id,
        reached.journey_id,
        'skip' as kind,
        'stage' as place_type,
        required.stage as place,
        reached.from_stage as from_place,
        cast(null as bigint) as visit_number,
        reached.passed_at as occurred_at,
        cast(null as double) as seconds_beyond
    from reached
    inner join required
        on required.required_number > reached.from_number and required.required_number < reached.required_number
    union all
    select
        person_id,
        journey_id,
        case
            when stage_position < from_position then 'back'
            when stage = stage_before_that then 'loop'
            else 'repeat'
        end,
        'stage',
        stage,
        from_stage,
        visit_number,
        entered_at,
        null
    from steps
    where stage_position < from_position or time_number > 1
    union all
    select
        early.person_id, early.journey_id, 'back', 'touchpoint', early.place, arg_min(later.place, later.place_number),
        null, early.first_at, null
    from in_order as early
    inner join in_order as later
        on
            early.person_id = later.person_id
            and early.journey_id = later.journey_id
            and early.place_number < later.place_number
            and early.first_at > later.first_at
    group by early.person_id, early.journey_id, early.place, early.first_at
    union all
    select
        person_id,
        journey_id,
        'late',
        'stage',
        stage,
        null,
        null,
        min(instant_after(left_at, -seconds_beyond)),
        max(seconds_beyond)
    from limited_visits
    where seconds_beyond > 0
    group by person_id, journey_id, stage
    union all
    select
        since.person_id,
        since.journey_id,
        'late',
        limits.to_type,
        limits.to_place,
        limits.from_place,
        null,
        instant_after(since.first_at, limits.maximum_seconds),
        seconds_beyond(elapsed_seconds(since.first_at, until.first_at), limits.maximum_seconds)
    from settings.path_limits as limits
    inner join first_instants as since
        on limits.from_type = since.place_type and limits.from_place = since.place
    inner join first_instants as until
        on
            limits.to_type = until.place_type
            and limits.to_place = until.place
            and since.person_id = until.person_id
            and since.journey_id = until.journey_id
    where elapsed_seconds(since.first_at, until.first_at) > limits.maximum_seconds
    union all
    select
        visits.person_id, visits.journey_id, 'forbidden', 'stage', visits.stage, visits.previous_stage,
        visits.visit_number, visits.entered_at, null
    from journeys.stage_visits as visits
    inner join settings.path_stages as path on visits.stage = path.stage
    where path.rule = 'forbidden'
)

select
    journey_id,                 -- of journeys.journeys
    person_id,                  -- of journeys.people
    row_number() over (
        partition by journey_id
        order by occurred_at, kind, place_type, place, from_place nulls first, visit_number nulls first
    ) as deviation_number,      -- 1 for the journey's first deviation
    kind,                       -- skip, back, loop, repeat, late or forbidden
    place_type,                 -- stage or touchpoint
    place,                      -- the stage or touchpoint: skipped, entered, reached late or after a later one
    from_place,                 -- where it was before; for late, where the time began (null: in the stage itself)
    visit_number,               -- of journeys.stage_visits: the visit that deviates; null: no visit does
    occurred_at,                -- UTC instant: of the visit, of passing a skipped stage, of passing the maximum
    seconds_beyond,             -- beyond the maximum, for late
from deviations
