-- checks: staging.purchase_order_rows
-- severity: warn
-- finds: purchase events that repeat an order
-- do: Send the purchase event once: a page that is loaded again sends it again. They make one order.
-- Without an export of orders, an order has one purchase event.
select event_id, order_id, occurred_at
from staging.purchase_events
where
    tells = 'placed'
    and order_id in (select order_id from staging.purchase_order_rows)
qualify row_number() over (partition by order_id order by occurred_at, sequence nulls last, event_id) > 1
