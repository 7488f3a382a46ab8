-- One row per order that a customer placed after the first one that is known: how long after it. Repeat purchase uses
-- orders, not events, and two orders at one instant are two orders.
-- key: order_id
select
    orders.order_id,            -- of journeys.order_sessions
    orders.person_id,           -- of metrics.first_orders
    orders.ordered_at,          -- UTC instant of placing
    elapsed_seconds(first_orders.ordered_at, orders.ordered_at) as since_first_seconds,  -- since the first order
from metrics.first_orders as first_orders
inner join journeys.order_sessions as orders
    on first_orders.person_id = orders.person_id and first_orders.order_id <> orders.order_id
