-- One row per transition between two stages, or two touchpoints, within journeys, by type of journey and over all.
-- A stage's time is from its entry to the next one's; a touchpoint's to the next touchpoint that has a name. Without
-- from_place: the journey's beginning; without to_place: its end, counted for journeys that are over
-- (metrics.matured_journeys) only.
-- key: kind, journey_type, from_place, to_place
with moves as (
    select
        'stage' as kind,
        person_id,
        journey_id,
        stage as from_place,
        next_stage as to_place,
        visit_number = 1 as is_first,
        elapsed_seconds(entered_at, next_entered_at) as seconds
    from journeys.stage_visits
    union all
    select
        'touchpoint',
        steps.person_id,
        steps.journey_id,
        steps.touchpoint,
        steps.next_touchpoint,
        steps.named_number = 1,
        elapsed_seconds(steps.occurred_at, steps.next_touchpoint_at)
    from journeys.journey_touchpoints as steps
    where steps.touchpoint is not null
),

-- Beginnings and ends have no time of their own.
all_moves as (
    select
        moves.kind, moves.person_id, moves.journey_id, journeys.journey_type, moves.from_place, moves.to_place,
        moves.seconds
    from moves
    inner join journeys.journeys as journeys
        on moves.person_id = journeys.person_id and moves.journey_id = journeys.journey_id
    left join metrics.matured_journeys as matured
        on moves.person_id = matured.person_id and moves.journey_id = matured.journey_id
    where moves.to_place is not null or matured.journey_id is not null
    union all
    select moves.kind, moves.person_id, moves.journey_id, journeys.journey_type, null, moves.from_place, null
    from moves
    inner join journeys.journeys as journeys
        on moves.person_id = journeys.person_id and moves.journey_id = journeys.journey_id
    where moves.is_first
),

-- Where a place lies on the map: a touchpoint of several rules, at the earliest of their stages.
positions as (
    select 'stage' as kind, stage as place, stage_position from settings.stages
    union all
    select 'touchpoint', rules.touchpoint, min(stages.stage_position)
    from settings.touchpoint_rules as rules
    inner join settings.stages as stages on rules.stage = stages.stage
    group by rules.touchpoint
),

counted as (
    select
        kind,
        case when grouping(journey_type) = 1 then 'all' else journey_type end as journey_type,
        from_place,
        to_place,
        cast(count(distinct person_id) as bigint) as person_count,
        cast(count(distinct journey_id) as bigint) as journey_count,
        cast(count(*) as bigint) as transition_count,
        -- To half a microsecond, the finest that a median of whole ones can be.
        round(median(seconds), 7) as median_seconds
    from all_moves
    group by grouping sets ((kind, from_place, to_place), (kind, journey_type, from_place, to_place))
)

select
    counted.kind,               -- stage or touchpoint
    counted.journey_type,       -- first purchase, renewal, support or usage; all: over all types
    counted.from_place,         -- null: the journey begins
    counted.to_place,           -- null: the journey is over
    counted.person_count,       -- people who made it
    counted.journey_count,      -- journeys in which it was made
    counted.transition_count,   -- times it was made
    counted.median_seconds,     -- median time over these times; null: a beginning or an end
    coalesce(counted.from_place = counted.to_place, false) as is_loop,  -- the same touchpoint again
    coalesce(reached.stage_position < since.stage_position, false) as is_back_step,  -- to an earlier stage of the map
from counted
left join positions as since on counted.kind = since.kind and counted.from_place = since.place
left join positions as reached on counted.kind = reached.kind and counted.to_place = reached.place
