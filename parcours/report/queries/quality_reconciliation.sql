-- One row per day, per channel, per payment method, and one for all: orders against purchase events.
select
    case
        when grouping(day) = 0 then 'day'
        when grouping(channel) = 0 then 'channel'
        when grouping(payment_method) = 0 then 'payment_method'
        else 'all'
    end as split_by,
    day as on,
    coalesce(channel, payment_method) as name,
    cast(coalesce(sum(order_count), 0) as bigint) as order_count,
    cast(coalesce(sum(matched_order_count), 0) as bigint) as matched_order_count,
    cast(coalesce(sum(orders_without_event_count), 0) as bigint) as orders_without_event_count,
    cast(coalesce(sum(events_without_order_count), 0) as bigint) as events_without_order_count,
    cast(coalesce(sum(duplicate_event_count), 0) as bigint) as duplicate_event_count,
    cast(coalesce(sum(amount_difference_count), 0) as bigint) as amount_difference_count,
    cast(sum(amount_difference) as double) as amount_difference
from metrics.reconciliation
group by grouping sets ((day), (channel), (payment_method), ())
order by split_by, day nulls last, order_count desc, events_without_order_count desc, name nulls last
