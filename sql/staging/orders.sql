-- One row per order, in its newest state: exports overlap, and refunds and cancellations update an order in place. What was
-- never an order (a payment that failed, a draft, a test …) is in staging.exported_orders alone.
-- Net revenue is after discounts and refunds, without shipping and tax. Tax that the total includes is taken out in
-- the proportion of goods to goods and shipping; a refund reduces it in the proportion of refund to total. Neither takes
-- more than all. A line below zero (a discount, a return) makes the goods less; an order of such lines alone is worth
-- less than nothing. A refund is one with either sign: exports write it with a minus, or without. An order of which the
-- export says that it was refunded, and not how much, was refunded whole.
-- key: order_id
-- keyed by: order_id
with valued as (
    select
        order_id, own_identifier, order_reference, customer_id, email_hash, ordered_at, ordered_on, paid_at, shipped_at,
        delivered_at, promised_on, cancelled_at, refunded_at, returned_at, sales_channel, status, state, currency,
        payment_method, line_count, shipping, tax, refunded,
        coalesce(subtotal, lines_value) as goods,
        coalesce(total, coalesce(subtotal, lines_value, 0) + shipping) as order_total
    from staging.exported_orders
    where is_order
),

given_back as (
    select
        valued.*,
        case
            when state = 'refunded' and refunded = 0 then greatest(order_total, 0) else refunded
        end as all_refunded
    from valued
),

taxed as (
    select
        *,
        case
            when abs(order_total - goods - shipping) < 0.01 then rate(tax, goods + shipping)
        end as included_tax_share,
        case when order_total > 0 then least(rate(all_refunded, order_total), 1) else 0 end as refunded_share,
        order_total > 0 and all_refunded >= order_total as is_refunded_whole
    from given_back
)

select
    order_id,                   -- the order's number
    'order:' || order_id as record_id,  -- as journeys.record_owners names it
    own_identifier,             -- the order as an identifier of its person; null: its number names no order
    order_reference,            -- the order's other id, which events may use
    customer_id,                -- the shop's id of the customer
    email_hash,                 -- keyed hash of the e-mail
    ordered_at,                 -- UTC instant of placing
    ordered_on,                 -- shop day of placing
    paid_at,                    -- UTC instant of payment or approval
    shipped_at,                 -- UTC instant of leaving
    delivered_at,               -- UTC instant of arrival
    promised_on,                -- shop day until which delivery was promised
    cancelled_at,               -- UTC instant of cancellation
    refunded_at,                -- UTC instant of the last refund; null: none, or the export does not say when
    returned_at,                -- UTC instant at which the goods came back; null: no, or the export does not say when
    sales_channel,              -- store: sold at a till; null: not said
    status,                     -- as the source says
    case
        when state = 'cancelled' then 'cancelled'
        when is_refunded_whole then 'refunded'
        when state <> 'returned' and all_refunded > 0 and order_total > 0 then 'partly_refunded'
        else state
    end as state,               -- placed, paid, pending, cancelled, refunded, partly_refunded or returned
    payment_method,             -- as the source says
    line_count,                 -- lines of the order
    cast(round(order_total, 2) as decimal(36, 2)) as total,  -- what the customer pays, in the shop's currency
    cast(round(goods, 2) as decimal(36, 2)) as goods,  -- its lines after discounts; null: no line is known
    cast(round(shipping, 2) as decimal(36, 2)) as shipping,  -- what sending it costs the customer
    cast(round(tax, 2) as decimal(36, 2)) as tax,  -- within the total; 0: not said
    cast(round(all_refunded, 2) as decimal(36, 2)) as refunded,  -- so far, in the shop's currency
    cast(
        case
            when state = 'cancelled' then 0
            else round(
                goods
                * (1 - case when included_tax_share between 0 and 1 then included_tax_share else 0 end)
                * (1 - refunded_share),
                2
            )
        end as decimal(36, 2)
    ) as net_revenue,           -- after discounts and refunds, without shipping and tax; null: no line is known
    coalesce(
        shop_day(delivered_at, shop.time_zone) > promised_on, false
    ) as is_late,               -- delivered on a later shop day than promised
    taxed.currency,             -- ISO 4217; of several that its rows name one that is not the shop's; null: not said
    state = 'cancelled' as is_cancelled,  -- by the orders export
    is_refunded_whole as is_fully_refunded,  -- by the orders export
from taxed
cross join settings.shop as shop
