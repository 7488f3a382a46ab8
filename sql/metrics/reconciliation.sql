-- One row per shop day, channel and payment method: the orders export against the purchase events of the click-stream.
-- Everybody's, screened people's too: this compares two exports, it is no figure of customers.
-- Purchase events are those of metrics.purchase_events, orders those that were placed on the web: of a till or a marketplace
-- no event can tell. Why an order has none: metrics.unmatched_orders. Only orders (and events that no order has) from the first event and the
-- first order on until the earlier of the two cut-offs are compared; what matches them may lie outside.
-- Amounts agree if the first event's value is, to 0.01, the order's total, the total without shipping, that without tax
-- too, or with its share of an included tax taken out, or the net revenue: shops send any of these. An event without a
-- value, or in another currency than its order, says nothing of the amount; amounts are compared in the order's currency,
-- and their differences summed in the shop's, of orders whose rate is known.
-- key: day, channel, payment_method
with knobs as (
    select time_zone from settings.shop
),

period as (
    select
        (select min(occurred_at) from staging.events) as events_from,
        (select min(ordered_at) from staging.orders) as orders_from,
        least(known.events_until, known.orders_until) as until
    from metrics.cut_off as known
    where known.events_until is not null and known.orders_until is not null and not known.has_orders_by_events
),

first_purchases as (
    select
        purchases.purchase_key,
        purchases.order_id,
        purchases.occurred_at,
        purchases.value,
        purchases.currency,
        purchases.payment_method,
        sessions.channel,
        cast(count(*) over (partition by purchases.purchase_key) as bigint) as event_count
    from metrics.purchase_events as purchases
    left join journeys.touchpoints as touchpoints on touchpoints.touchpoint_id = 'event:' || purchases.event_id
    left join journeys.sessions as sessions on touchpoints.session_id = sessions.session_id
    qualify row_number() over (
        partition by purchases.purchase_key
        order by purchases.occurred_at, purchases.sequence nulls last, purchases.event_id
    ) = 1
),

order_amounts as (
    select
        orders.order_id,
        orders.ordered_at,
        orders.ordered_on,
        orders.payment_method,
        cast(orders.total as double) as total,
        cast(orders.net_amount as double) as net_amount,
        coalesce(orders.currency, shop.currency) as currency,
        orders.rate,
        cast(orders.shipping as double) as shipping,
        cast(orders.tax as double) as tax
    from staging.orders as orders
    cross join settings.shop as shop
    where orders.is_web
),

compared as (
    select
        orders.ordered_on as day,
        coalesce(sessions.channel, first_purchases.channel, 'unknown') as channel,
        coalesce(nullif(orders.payment_method, 'unknown'), first_purchases.payment_method, 'unknown') as payment_method,
        1 as order_count,
        case when first_purchases.order_id is not null then 1 else 0 end as matched_count,
        0 as lone_event_count,
        coalesce(first_purchases.event_count - 1, 0) as duplicate_count,
        case
            when
                first_purchases.value is null
                or first_purchases.currency <> orders.currency
                or round(abs(first_purchases.value - orders.total), 4) <= 0.01
                or round(abs(first_purchases.value - (orders.total - orders.shipping)), 4) <= 0.01
                or round(abs(first_purchases.value - (orders.total - orders.shipping - orders.tax)), 4) <= 0.01
                or coalesce(
                    round(abs(
                        first_purchases.value
                        - (orders.total - orders.shipping) * (1 - orders.tax / nullif(orders.total, 0))
                    ), 4) <= 0.01,
                    false
                )
                or coalesce(round(abs(first_purchases.value - orders.net_amount), 4) <= 0.01, false)
                then null
            else first_purchases.value - orders.total
        end as difference,
        orders.rate,
        case when first_purchases.currency <> orders.currency then 1 else 0 end as other_currency_count
    from order_amounts as orders
    inner join period on orders.ordered_at >= period.events_from and orders.ordered_at <= period.until
    left join first_purchases on orders.order_id = first_purchases.order_id
    left join journeys.order_sessions as attributed on orders.order_id = attributed.order_id
    left join journeys.sessions as sessions on attributed.session_id = sessions.session_id
    union all
    select
        shop_day(lone.occurred_at, knobs.time_zone),
        coalesce(lone.channel, 'unknown'),
        coalesce(lone.payment_method, 'unknown'),
        0,
        0,
        1,
        lone.event_count - 1,
        null,
        null,
        0
    from first_purchases as lone
    cross join knobs
    inner join period on lone.occurred_at >= period.orders_from and lone.occurred_at <= period.until
    where lone.order_id is null
)

select
    day,                        -- shop day of the order, else of its first event
    channel,                    -- of the session of the order, else of the event; unknown: none
    payment_method,             -- of the order, else of the event; unknown: neither says
    cast(sum(order_count) as bigint) as order_count,  -- web orders of the orders export
    cast(sum(matched_count) as bigint) as matched_order_count,  -- of these, with a purchase event
    cast(sum(order_count - matched_count) as bigint) as orders_without_event_count,  -- of these, without
    cast(sum(lone_event_count) as bigint) as events_without_order_count,  -- order ids only events name, or none
    cast(sum(duplicate_count) as bigint) as duplicate_event_count,  -- events beyond the first of an order id
    cast(count(difference) as bigint) as amount_difference_count,  -- orders whose first event has another amount
    cast(
        coalesce(sum(cast(in_shop_currency(difference, rate) as decimal(38, 4))), 0) as decimal(36, 2)
    ) as amount_difference,     -- event − total over these, in the shop's currency, where a rate is known
    cast(sum(other_currency_count) as bigint) as other_currency_count  -- orders whose first event is in another currency
from compared
group by day, channel, payment_method
