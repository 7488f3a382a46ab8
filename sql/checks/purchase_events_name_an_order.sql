-- checks: staging.purchase_order_rows
-- severity: warn
-- finds: purchase events without an order's id
-- do: Send the order's number with the event: without it a page that is loaded again counts as another order.
-- Without an export of orders, each purchase event names its order; one that does not is an order of its own.
select event_id, occurred_at, stated_value
from staging.purchase_events
where tells = 'placed' and not has_order_id and order_id in (select order_id from staging.purchase_order_rows)
