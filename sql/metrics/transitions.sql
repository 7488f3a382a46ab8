-- One row per transition between two stages, two touchpoints, or the channels of two sessions, within journeys, by type of
-- journey and over all. A stage's time is from its entry to the next one's; a touchpoint's to the next touchpoint that has
-- a name; a channel's from the beginning of a session (journeys.journey_sessions) to that of the next. Without
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
    union all
    select
        'channel',
        person_id,
        journey_id,
        channel,
        next_channel,
        visit_number = 1,
        elapsed_seconds(begun_at, next_begun_at)
    from journeys.journey_sessions
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

move_counts as (
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
    move_counts.kind,           -- stage, touchpoint or channel
    move_counts.journey_type,   -- first purchase, renewal, support or usage; all: over all types
    move_counts.from_place,     -- null: the journey begins
    move_counts.to_place,       -- null: the journey is over
    move_counts.person_count,   -- people who made it
    move_counts.journey_count,  -- journeys in which it was made
    move_counts.transition_count,  -- times it was made
    move_counts.median_seconds,  -- median time over these times; null: a beginning or an end
    coalesce(move_counts.from_place = move_counts.to_place, false) as is_loop,  -- the same touchpoint, or channel, again
    coalesce(reached.stage_position < since.stage_position, false) as is_back_step,  -- to an earlier stage of the map
from move_counts
left join positions as since on move_counts.kind = since.kind and move_counts.from_place = since.place
left join positions as reached on move_counts.kind = reached.kind and move_counts.to_place = reached.place
