-- checks: metrics.reconciliation
-- severity: warn
-- finds: days with purchase events that name no known order
-- do: Find the orders behind these events: is an export missing, is the number another one, or was it never an order (its payment failed)?
-- Every purchase event names an order of the orders export.
select day, channel, payment_method, events_without_order_count
from metrics.reconciliation
where events_without_order_count > 0
order by day, channel, payment_method
