-- One row per run: what an order is worth on average, net. Over all orders that were neither cancelled nor fully
-- refunded; one whose value is unknown is in no average.
select
    cast(count(net_revenue) as bigint) as order_count,  -- orders of known value
    avg(net_revenue) as average_order_value,  -- in the shop's currency; null: no such order
from journeys.order_sessions
where not is_void
