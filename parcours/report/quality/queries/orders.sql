-- By channel, and by payment method
select
    split_by,
    {
        'told': case
            when name = 'unknown' then 'not known'
            when split_by = 'channel' then name
            else '{name}'
        end,
        'name': name
    } as shown,
    order_count as "Orders",
    orders_without_event_count as "Without event",
    without_event_share as "Share without",
    events_without_order_count as "Events without order",
    duplicate_event_count as "Repeated events",
    amount_difference_count as "Amount differs",
    amount_difference as "Event − order",
    is_small
from metrics.reconciliation_splits
where split_by in ('channel', 'payment_method')
order by split_by, order_count desc, events_without_order_count desc, name
