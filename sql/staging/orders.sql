-- One row per order, in its newest state: exports overlap, and refunds and cancellations update an order in place. What was
-- never an order (a payment that failed, a draft, a test …) is in staging.exported_orders alone.
-- What it is made of, part by part, is in staging.order_parts. Net revenue is what is left of goods, discount and fees below
-- zero: after discounts and refunds, without shipping and tax. A line below zero (a discount, a return) makes the goods
-- less; an order of such lines alone is worth less than nothing. A refund takes no more than the total.
-- key: order_id
-- keyed by: order_id
with part_sums as (
    select
        order_id,
        cast(sum(
            case when part in ('goods', 'discount') or (part = 'fees' and amount < 0) then net end
        ) as decimal(36, 2)) as net_amount,
        cast(sum(
            case when part in ('goods', 'discount') or (part = 'fees' and amount < 0) then net_value end
        ) as decimal(36, 2)) as net_revenue,
        cast(sum(case when part = 'unexplained' then amount else 0 end) as decimal(36, 2)) as unexplained,
        cast(sum(case when part = 'unexplained' then refunded else 0 end) as decimal(36, 2)) as unexplained_refund
    from staging.order_parts
    group by order_id
),

stated as (
    select
        order_id, own_identifier, order_reference, anonymous_id, customer_id, email_hash, ordered_at, ordered_on,
        paid_at, shipped_at, delivered_at, promised_on, cancelled_at, refunded_at, returned_at, sales_channel, is_web,
        status, state, currency,
        payment_method, line_count, goods, shipping, tax, tax_is, total, refunded,
        total > 0 and refunded >= total as is_refunded_whole,
        -- Of an order of which no line is known this is known all the same.
        state = 'cancelled' or is_refunded_whole as is_nothing_left
    from staging.exported_orders
    where is_order
)

select
    orders.order_id,            -- the order's number
    'order:' || orders.order_id as record_id,  -- as journeys.record_owners names it
    orders.own_identifier,      -- the order as an identifier of its person; null: its number names no order
    orders.order_reference,     -- the order's other id, which events may use
    orders.anonymous_id,        -- the browser or device, of an order by purchase events
    orders.customer_id,         -- the shop's id of the customer
    orders.email_hash,          -- keyed hash of the e-mail
    orders.ordered_at,          -- UTC instant of placing
    orders.ordered_on,          -- shop day of placing
    orders.paid_at,             -- UTC instant of payment or approval
    orders.shipped_at,          -- UTC instant of leaving
    orders.delivered_at,        -- UTC instant of arrival
    orders.promised_on,         -- shop day until which delivery was promised
    orders.cancelled_at,        -- UTC instant of cancellation
    orders.refunded_at,         -- UTC instant of the last refund; null: none, or the export does not say when
    orders.returned_at,         -- UTC instant at which the goods came back; null: no, or the export does not say when
    orders.sales_channel,       -- web, till, phone, marketplace, draft, subscription or other; null: not said
    orders.is_web,              -- it counts as placed on the web: in sessions, carts and events-versus-orders
    orders.status,              -- as the source says
    case
        when orders.state = 'cancelled' then 'cancelled'
        when orders.is_refunded_whole then 'refunded'
        when orders.state <> 'returned' and orders.refunded > 0 and orders.total > 0 then 'partly_refunded'
        else orders.state
    end as state,               -- placed, paid, pending, cancelled, refunded, partly_refunded or returned
    orders.payment_method,      -- as the source says
    orders.line_count,          -- lines of the order
    orders.total,               -- what the customer pays, in its currency as all amounts here but net_revenue
    orders.goods,               -- its lines after discounts; null: no line is known
    orders.shipping,            -- what sending it costs the customer
    orders.tax,                 -- within the total; 0: not said
    orders.refunded,            -- so far
    cast(case when orders.goods is not null then part_sums.net_amount when is_nothing_left then 0 end as decimal(36, 2))
        as net_amount,          -- after discounts and refunds, without shipping and tax; null: no line is known
    cast(case when orders.goods is not null then part_sums.net_revenue when is_nothing_left then 0 end as decimal(36, 2))
        as net_revenue,         -- the same in the shop's currency; null: no line, or no rate is known
    rates.rate,                 -- of the shop's currency for one of its own on the shop day of placing; 1: the shop's; null: not known
    cast(coalesce(part_sums.unexplained, 0) as decimal(36, 2)) as unexplained,  -- total less the sum of its other parts
    case
        when orders.goods is null then 'no line is known'
        when part_sums.unexplained = 0 and part_sums.unexplained_refund <> 0 then 'the refund is more than its parts'
        when coalesce(part_sums.unexplained, 0) = 0 then null
        when orders.tax_is = 'unknown' then 'the tax is neither within the amounts nor on top of them'
        when part_sums.unexplained > 0 then 'the total is more than its parts'
        else 'the total is less than its parts'
    end as mismatch,            -- why its parts do not add up to its total; null: they do
    coalesce(
        shop_day(orders.delivered_at, shop.time_zone) > orders.promised_on, false
    ) as is_late,               -- delivered on a later shop day than promised
    orders.currency,            -- of its amounts, ISO 4217; of several that its rows name one that is not the shop's; null: not said
    orders.state = 'cancelled' as is_cancelled,  -- by the orders export
    orders.is_refunded_whole as is_fully_refunded,  -- by the orders export
from stated as orders
cross join settings.shop as shop
left join part_sums on orders.order_id = part_sums.order_id
left join staging.order_rates as rates on orders.order_id = rates.order_id
