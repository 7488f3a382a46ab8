-- One row per transition between two stages, two touchpoints, or the channels of two sessions, within journeys, by type of
-- journey and over all. A stage's time is from its entry to the next one's; a touchpoint's to the next touchpoint that has
-- a name; a channel's from the beginning of a session (journeys.journey_sessions) to that of the next. Without
-- from_place: the journey's beginning; without to_place: its end, counted for journeys that are over
-- (metrics.matured_journeys) only.
-- key: kind, journey_type, from_place, to_place
with numbered as (
    select
        journeys.person_id,
        journeys.journey_id,
        journeys.journey_type,
        matured.journey_id is not null as is_over,
        -- As numbers, since the distinct ids of 50 M events fill a disk as text.
        dense_rank() over (order by journeys.person_id) as person_number,
        row_number() over (order by journeys.person_id, journeys.journey_id) as journey_number
    from journeys.journeys as journeys
    left join metrics.matured_journeys as matured
        on journeys.person_id = matured.person_id and journeys.journey_id = matured.journey_id
),

steps as (
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

-- Beginnings have no place that they come from, and ends none that they lead to.
pairs as (
    select there_are.*, row_number() over (order by kind, from_place, to_place) as pair_number
    from (
        select kind, from_place, to_place from steps
        union
        select kind, null, from_place from steps
    ) as there_are
),

-- Not materialized: written down, the moves take more of the disk than what they are counted with.
moves as not materialized (
    select pairs.pair_number, numbered.journey_type, numbered.person_number, numbered.journey_number, steps.seconds
    from steps
    inner join numbered on steps.person_id = numbered.person_id and steps.journey_id = numbered.journey_id
    inner join pairs
        on
            steps.kind = pairs.kind
            and steps.from_place = pairs.from_place
            and steps.to_place is not distinct from pairs.to_place
    where steps.to_place is not null or numbered.is_over
    union all
    select pairs.pair_number, numbered.journey_type, numbered.person_number, numbered.journey_number, null
    from steps
    inner join numbered on steps.person_id = numbered.person_id and steps.journey_id = numbered.journey_id
    inner join pairs on steps.kind = pairs.kind and steps.from_place = pairs.to_place and pairs.from_place is null
    where steps.is_first
),

in_journeys as (
    select pair_number, journey_type, person_number, count(*) as transition_count
    from moves
    group by pair_number, journey_type, person_number, journey_number
),

by_people as (
    select
        pair_number,
        journey_type,
        person_number,
        count(*) as journey_count,
        cast(sum(transition_count) as bigint) as transition_count
    from in_journeys
    group by pair_number, journey_type, person_number
),

move_counts as (
    select
        pair_number,
        case when grouping(journey_type) = 1 then 'all' else journey_type end as journey_type,
        cast(count(distinct person_number) as bigint) as person_count,
        cast(sum(journey_count) as bigint) as journey_count,
        cast(sum(transition_count) as bigint) as transition_count
    from by_people
    group by grouping sets ((pair_number), (pair_number, journey_type))
),

-- Beginnings and ends have no time of their own.
times as (
    select
        pair_number,
        case when grouping(journey_type) = 1 then 'all' else journey_type end as journey_type,
        -- To half a microsecond, the finest that a median of whole ones can be.
        round(median(seconds), 7) as median_seconds
    from moves
    where seconds is not null
    group by grouping sets ((pair_number), (pair_number, journey_type))
),

-- Where a place lies on the map: a touchpoint of several rules, at the earliest of their stages.
positions as (
    select 'stage' as kind, stage as place, stage_position from settings.stages
    union all
    select 'touchpoint', rules.touchpoint, min(stages.stage_position)
    from settings.touchpoint_rules as rules
    inner join settings.stages as stages on rules.stage = stages.stage
    group by rules.touchpoint
)

select
    pairs.kind,                 -- stage, touchpoint or channel
    move_counts.journey_type,   -- first purchase, renewal, support or usage; all: over all types
    pairs.from_place,           -- null: the journey begins
    pairs.to_place,             -- null: the journey is over
    move_counts.person_count,   -- people who made it
    move_counts.journey_count,  -- journeys in which it was made
    move_counts.transition_count,  -- times it was made
    times.median_seconds,       -- median time over these times; null: a beginning or an end
    coalesce(pairs.from_place = pairs.to_place, false) as is_loop,  -- the same touchpoint, or channel, again
    coalesce(reached.stage_position < since.stage_position, false) as is_back_step,  -- to an earlier stage of the map
from move_counts
inner join pairs on move_counts.pair_number = pairs.pair_number
left join times on move_counts.pair_number = times.pair_number and move_counts.journey_type = times.journey_type
left join positions as since on pairs.kind = since.kind and pairs.from_place = since.place
left join positions as reached on pairs.kind = reached.kind and pairs.to_place = reached.place
