-- checks: metrics.reconciliation
-- severity: warn
-- finds: days with purchase events of another amount than their order
-- do: Make the amounts agree: the event should carry the total of its order, in the order's currency.
-- A purchase event has the amount of its order, as docs/definitions.md compares them.
select day, channel, payment_method, amount_difference_count, amount_difference
from metrics.reconciliation
where amount_difference_count > 0
order by day, channel, payment_method
