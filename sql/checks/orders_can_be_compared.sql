-- checks: metrics.reconciliation
-- severity: warn
-- finds: comparisons of orders without any purchase event
-- do: Give the rule of the event in journey.yaml that is a purchase the action purchase.
-- Where orders and click-stream cover the same days, some event is a purchase event: else the orders have nothing to be
-- compared with.
select cast(sum(order_count) as bigint) as order_count
from metrics.reconciliation
having sum(order_count) > 0 and sum(matched_order_count + events_without_order_count) = 0
