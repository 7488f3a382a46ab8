-- One row per source of touchpoints, and one for all: touchpoints and net revenue that have a stage, summed from
-- metrics.stage_coverage.
-- key: source
with summed as (
    select
        source,
        cast(coalesce(sum(touchpoint_count), 0) as bigint) as touchpoint_count,
        cast(coalesce(sum(staged_count), 0) as bigint) as staged_count,
        cast(sum(net_revenue) as decimal(36, 2)) as net_revenue,
        cast(sum(staged_revenue) as decimal(36, 2)) as staged_revenue
    from metrics.stage_coverage
    group by grouping sets ((source), ())
)

select
    source,                     -- events, orders, feedback …; null: all of them
    touchpoint_count,           -- touchpoints
    staged_count,               -- of these, with a stage
    rate(staged_count, touchpoint_count) as staged_share,  -- of the touchpoints
    net_revenue,                -- of orders placed; null: the source has none
    staged_revenue,             -- of these, of orders whose placing has a stage
    rate(cast(staged_revenue as double), cast(net_revenue as double)) as revenue_share  -- with a stage
from summed
