-- One row per variant, a path that journeys took (metrics.journey_paths), by type of journey and over all: how many took it,
-- what came of them, and how far the variants up to it reach.
-- Journeys of a variant = matured + open + uncovered; shares, rates and times are of matured ones alone. Ordered: with a
-- purchase. Dropped: without. Variants are numbered by their matured journeys, among equals by the path's text, so the
-- first ones that reach 80 % are the fewest that do. A type of journey is partly what came of it: compare orders over all.
-- Wilson 95 % (Wilson 1927) for the rate.
-- key: journey_type, path
with judged as (
    select
        person_id, journey_type, path, visit_count, path_seconds, is_intended, net_revenue, outcome,
        outcome in ('ordered', 'dropped') as is_matured
    from metrics.journey_paths
),

counts as (
    select
        case when grouping(journey_type) = 1 then 'all' else journey_type end as journey_type,
        path,
        min(visit_count) as visit_count,
        bool_and(is_intended) as is_intended,
        cast(count(*) filter (where is_matured) as bigint) as journey_count,
        count(distinct case when is_matured then person_id end) as person_count,
        cast(count(*) filter (where outcome = 'ordered') as bigint) as ordered_count,
        cast(count(*) filter (where outcome = 'open') as bigint) as open_count,
        cast(count(*) filter (where outcome = 'uncovered') as bigint) as uncovered_count,
        median(case when is_matured then path_seconds end) as median_seconds,
        cast(
            sum(cast(case when is_matured then net_revenue end as decimal(38, 4))) as double
        ) as net_revenue
    from judged
    group by grouping sets ((path), (journey_type, path))
),

numbered as (
    select
        *,
        cast(sum(journey_count) over (partition by journey_type) as bigint) as total_count,
        cast(sum(journey_count) over (
            partition by journey_type order by journey_count desc, path rows unbounded preceding
        ) as bigint) as cumulative_count,
        row_number() over (partition by journey_type order by journey_count desc, path) as variant_number
    from counts
)

select
    numbered.journey_type,      -- first purchase, renewal, support or usage; all: over all types
    numbered.variant_number,    -- 1: the one that most journeys took
    numbered.path,              -- stages of settings.stages in the order of their visits; no stage: none was touched
    numbered.visit_count,       -- stage visits in the path
    numbered.is_intended,       -- it keeps to the intended path as far as it goes
    numbered.journey_count,     -- matured journeys that took it
    numbered.person_count,      -- people whose journeys these are
    numbered.ordered_count,     -- of these journeys, with a purchase: an order, or a deal won
    numbered.journey_count - numbered.ordered_count as dropped_count,  -- of these journeys, without one
    numbered.open_count,        -- journeys on this path that may still go on, in no share
    numbered.uncovered_count,   -- journeys on this path that began before all is known, in no share
    rate(numbered.journey_count, numbered.total_count) as journey_share,  -- of all matured journeys of the type
    rate(numbered.cumulative_count, numbered.total_count) as cumulative_share,  -- with the variants before it
    5 * (numbered.cumulative_count - numbered.journey_count) < 4 * numbered.total_count
    and numbered.journey_count > 0 as covers_80,  -- one of the fewest variants that hold 80 % of the matured journeys
    rate(numbered.ordered_count, numbered.journey_count) as ordered_rate,  -- ordered / matured
    wilson_low(numbered.ordered_count, numbered.journey_count) as ordered_low,  -- Wilson 95 %
    wilson_high(numbered.ordered_count, numbered.journey_count) as ordered_high,  -- Wilson 95 %
    numbered.median_seconds,    -- from entering its first stage to entering its last one, median
    numbered.net_revenue,       -- of its orders, in the shop's currency; null: none, or not known
    is_small_cell(numbered.journey_count, shop.small_cell) as is_small,  -- too few to rank the rate
from numbered
cross join settings.shop as shop
