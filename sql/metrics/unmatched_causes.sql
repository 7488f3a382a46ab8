-- One row per cause for which orders have no purchase event; the shares add up to 1.
-- key: cause
with counts as (
    select cause, cast(count(*) as bigint) as order_count
    from metrics.unmatched_orders
    group by cause
)

select
    cause,                      -- of metrics.unmatched_orders
    order_count,                -- orders without a purchase event for this cause
    rate(order_count, cast(sum(order_count) over () as bigint)) as order_share,  -- of all without one
from counts
