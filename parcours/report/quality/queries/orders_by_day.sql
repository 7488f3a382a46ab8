-- By shop day
select
    day as "Day",
    order_count as "Orders",
    orders_without_event_count as "Without event",
    without_event_share as "Share without",
    events_without_order_count as "Events without order",
    duplicate_event_count as "Repeated events",
    amount_difference_count as "Amount differs",
    amount_difference as "Event − order",
    {'told': outage} as "Outage"
from metrics.reconciliation_splits
where split_by = 'day'
order by day
