-- One row per shop day, per channel, per payment method, and one for all: orders against purchase events, summed from
-- metrics.reconciliation, with the share of orders that no event tells of, and whether the day was an outage.
-- key: split_by, day, name
with knobs as (
    select small_cell from settings.shop
),

outages as (
    select outage_on, min(outage) as outage
    from metrics.outage_days
    group by outage_on
),

summed as (
    select
        case
            when grouping(day) = 0 then 'day'
            when grouping(channel) = 0 then 'channel'
            when grouping(payment_method) = 0 then 'payment_method'
            else 'all'
        end as split_by,
        day,
        coalesce(channel, payment_method) as name,
        cast(coalesce(sum(order_count), 0) as bigint) as order_count,
        cast(coalesce(sum(matched_order_count), 0) as bigint) as matched_order_count,
        cast(coalesce(sum(orders_without_event_count), 0) as bigint) as orders_without_event_count,
        cast(coalesce(sum(events_without_order_count), 0) as bigint) as events_without_order_count,
        cast(coalesce(sum(duplicate_event_count), 0) as bigint) as duplicate_event_count,
        cast(coalesce(sum(amount_difference_count), 0) as bigint) as amount_difference_count,
        cast(coalesce(sum(amount_difference), 0) as decimal(36, 2)) as amount_difference
    from metrics.reconciliation
    group by grouping sets ((day), (channel), (payment_method), ())
)

select
    summed.split_by,            -- day, channel, payment_method or all
    summed.day,                 -- shop day; null: all of them
    summed.name,                -- channel or payment method; unknown: neither order nor event says; null: a day, or all
    summed.order_count,         -- orders of the orders export
    summed.matched_order_count, -- of these, with a purchase event
    summed.orders_without_event_count,  -- of these, without
    rate(summed.orders_without_event_count, summed.order_count) as without_event_share,  -- of the orders
    summed.events_without_order_count,  -- purchase events that name no known order
    summed.duplicate_event_count,  -- events beyond the first of an order
    summed.amount_difference_count,  -- orders whose first event has another amount
    summed.amount_difference,   -- event − total over these
    outages.outage,             -- of a day: tracking or payment; null: none
    summed.split_by <> 'day' and is_small_cell(summed.order_count, knobs.small_cell) as is_small  -- too few orders to rank by
from summed
cross join knobs
left join outages on summed.day = outages.outage_on
