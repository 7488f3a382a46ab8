-- checks: metrics.reconciliation
-- severity: warn
-- finds: days with purchase events that repeat one of their order
-- do: Send the purchase event once: a page that is loaded again sends it again.
-- An order has one purchase event.
select day, channel, payment_method, duplicate_event_count
from metrics.reconciliation
where duplicate_event_count > 0
order by day, channel, payment_method
