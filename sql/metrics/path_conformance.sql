-- One row per type of journey, kind and place of deviation: how many journeys that are over deviated there from the
-- intended path, and how many did not; kind 'all' is any deviation at all, so its conforming journeys are those that
-- kept to the path. A stage that the loaded exports cannot show (metrics.measured_stages) is held against nobody as
-- skipped.
-- Wilson 95 % (Wilson 1927) for the rate.
-- key: journey_type, kind, place_type, place, from_place
with over as (
    select
        journeys.person_id,
        journeys.journey_id,
        journeys.journey_type
    from journeys.journeys as journeys
    inner join metrics.matured_journeys as matured
        on journeys.person_id = matured.person_id and journeys.journey_id = matured.journey_id
),

totals as (
    select
        case when grouping(journey_type) = 1 then 'all' else journey_type end as journey_type,
        cast(count(*) as bigint) as journey_count
    from over
    group by grouping sets ((), (journey_type))
),

held_against as (
    select
        over.journey_id,
        over.journey_type,
        deviations.kind,
        deviations.place_type,
        deviations.place,
        case when deviations.kind <> 'skip' then deviations.from_place end as from_place,
        deviations.seconds_beyond
    from journeys.journey_deviations as deviations
    inner join over on deviations.person_id = over.person_id and deviations.journey_id = over.journey_id
    where
        deviations.kind <> 'skip'
        or deviations.place in (select stage from metrics.measured_stages)
),

counted as (
    select
        case when grouping(journey_type) = 1 then 'all' else journey_type end as journey_type,
        case when grouping(kind) = 1 then 'all' else kind end as kind,
        case when grouping(kind) = 1 then 'all' else place_type end as place_type,
        case when grouping(kind) = 1 then 'all' else place end as place,
        from_place,
        cast(count(distinct journey_id) as bigint) as deviating_count,
        cast(count(*) as bigint) as deviation_count,
        median(seconds_beyond) as median_seconds_beyond
    from held_against
    group by grouping sets (
        (), (journey_type), (kind, place_type, place, from_place), (journey_type, kind, place_type, place, from_place)
    )
),

judged as (
    select
        totals.journey_type,
        counted.kind,
        counted.place_type,
        counted.place,
        counted.from_place,
        totals.journey_count,
        counted.deviating_count,
        counted.deviation_count,
        counted.median_seconds_beyond
    from totals
    inner join counted on totals.journey_type = counted.journey_type and counted.kind <> 'all'
    union all
    select
        totals.journey_type,
        'all',
        'all',
        'all',
        null,
        totals.journey_count,
        coalesce(counted.deviating_count, 0),
        coalesce(counted.deviation_count, 0),
        counted.median_seconds_beyond
    from totals
    left join counted on totals.journey_type = counted.journey_type and counted.kind = 'all'
)

select
    judged.journey_type,        -- first purchase, renewal, support or usage; all: over all types
    judged.kind,                -- skip, back, loop, repeat, late or forbidden; all: any of them
    judged.place_type,          -- stage or touchpoint; all: any place
    judged.place,               -- where; all: any place
    judged.from_place,          -- the place before; for late, where the time began; null: none, or any
    judged.journey_count,       -- journeys that are over
    judged.deviating_count,     -- of these, journeys that deviated so
    judged.journey_count - judged.deviating_count as conforming_count,  -- of these, journeys that did not
    judged.deviation_count,     -- times they deviated so
    rate(judged.journey_count - judged.deviating_count, judged.journey_count) as conforming_rate,  -- conforming / over
    wilson_low(judged.journey_count - judged.deviating_count, judged.journey_count) as conforming_low,  -- Wilson 95 %
    wilson_high(judged.journey_count - judged.deviating_count, judged.journey_count) as conforming_high,  -- Wilson 95 %
    judged.median_seconds_beyond,  -- beyond the maximum, for late: median over these times
    is_small_cell(judged.journey_count, shop.small_cell) as is_small,  -- too few to rank the rate
from judged
cross join settings.shop as shop
