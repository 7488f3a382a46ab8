-- One row per source, and one (source null) for all: touchpoints, and net revenue of orders, that a rule places in a stage.
-- key: source
select
    source,                     -- events, orders, feedback …; null: all sources
    cast(coalesce(sum(touchpoint_count), 0) as bigint) as touchpoint_count,  -- touchpoints
    cast(coalesce(sum(staged_count), 0) as bigint) as staged_count,  -- of these, with a stage
    sum(staged_count) / nullif(sum(touchpoint_count), 0) as staged_share,  -- with a stage / touchpoints
    cast(sum(net_revenue) as double) as net_revenue,  -- of orders placed; else null
    cast(sum(staged_revenue) as double) as staged_revenue,  -- of these, of orders whose placing has a stage
    cast(sum(staged_revenue) as double) / nullif(cast(sum(net_revenue) as double), 0) as revenue_share,  -- with a stage / net revenue
from metrics.stage_coverage
group by rollup (source)
