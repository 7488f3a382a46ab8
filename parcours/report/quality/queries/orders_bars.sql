-- One row per shop day: orders without a purchase event, of all orders.
select day as on, orders_without_event_count as count, order_count as total
from metrics.reconciliation_splits
where split_by = 'day'
order by day
