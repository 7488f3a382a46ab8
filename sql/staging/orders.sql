-- One row per order, in its newest state: exports overlap, and refunds and cancellations update an order in place.
-- Net revenue is after discounts and refunds, without shipping and tax. Tax that the total includes is taken out in
-- the proportion of goods to goods and shipping; a refund reduces it in the proportion of refund to total. Neither takes
-- more than all. A line below zero (a discount, a return) makes the goods less; an order of such lines alone is worth
-- less than nothing. A refund is one with either sign: exports write it with a minus, or without.
-- An order row without a placing time (a line whose order was never exported) makes no order: a check reports it.
-- key: order_id
-- keyed by: order_id
with versions as (
    select
        order_id, own_identifier, row_key, export, covers_until, version, order_reference,
        customer_id, email_hash, ordered_at, paid_at, shipped_at, delivered_at, promised_on, cancelled_at,
        refunded_at, returned_at, sales_channel, status, currency, subtotal, discount, shipping, tax, total, refunded,
        payment_method, paid_amount, quantity, unit_price,
        max(covers_until) over (partition by order_id, export) as newest
    from raw.order_rows
),

current_rows as (
    select *
    from versions
    where covers_until = newest or newest is null
    qualify row_number() over (partition by order_id, row_key order by version desc) = 1
),

merged as (
    select
        order_id,
        max(own_identifier) as own_identifier,
        max(order_reference) as order_reference,
        max(customer_id) as customer_id,
        max(email_hash) as email_hash,
        min(ordered_at) as ordered_at,
        min(paid_at) as paid_at,
        max(shipped_at) as shipped_at,
        max(delivered_at) as delivered_at,
        max(promised_on) as promised_on,
        max(cancelled_at) as cancelled_at,
        max(refunded_at) as refunded_at,
        max(returned_at) as returned_at,
        max(sales_channel) as sales_channel,
        max(status) as status,
        min(currency) as first_currency,
        max(currency) as last_currency,
        coalesce(max(payment_method), 'unknown') as payment_method,
        cast(sum(cast(quantity as decimal(20, 6)) * unit_price) as double) as lines_value,
        cast(max(subtotal) as double) as subtotal,
        cast(coalesce(sum(shipping), 0) as double) as shipping,
        cast(coalesce(max(tax), 0) as double) as tax,
        cast(coalesce(max(total), sum(paid_amount)) as double) as total,
        cast(coalesce(max(abs(refunded)), 0) as double) as refunded,
        cast(count(quantity) as bigint) as line_count
    from current_rows
    group by order_id
),

valued as (
    select
        *,
        coalesce(subtotal, lines_value) as goods,
        coalesce(total, coalesce(subtotal, lines_value, 0) + shipping) as order_total,
        cancelled_at is not null
        or coalesce(lower(status) in ('canceled', 'cancelled', 'voided'), false) as is_cancelled
    from merged
    where ordered_at is not null
),

taxed as (
    select
        *,
        case
            when abs(order_total - goods - shipping) < 0.01 then rate(tax, goods + shipping)
        end as included_tax_share,
        case when order_total > 0 then least(rate(refunded, order_total), 1) else 0 end as refunded_share
    from valued
)

select
    taxed.order_id,             -- the order's number
    'order:' || taxed.order_id as record_id,  -- as journeys.record_owners names it
    own_identifier,             -- the order as an identifier of its person; null: its number names no order
    order_reference,            -- the order's other id, which events may use
    customer_id,                -- the shop's id of the customer
    email_hash,                 -- keyed hash of the e-mail
    ordered_at,                 -- UTC instant of placing
    shop_day(ordered_at, shop.time_zone) as ordered_on,  -- shop day of placing
    paid_at,                    -- UTC instant of payment or approval
    shipped_at,                 -- UTC instant of leaving
    delivered_at,               -- UTC instant of arrival
    promised_on,                -- shop day until which delivery was promised
    cancelled_at,               -- UTC instant of cancellation
    refunded_at,                -- UTC instant of the last refund; null: none, or the export does not say when
    returned_at,                -- UTC instant at which the goods came back; null: no, or the export does not say when
    sales_channel,              -- store: sold at a till; null: not said
    status,                     -- as the source says
    payment_method,             -- as the source says
    line_count,                 -- lines of the order
    cast(round(order_total, 2) as decimal(36, 2)) as total,  -- what the customer pays, in the shop's currency
    cast(round(goods, 2) as decimal(36, 2)) as goods,  -- its lines after discounts; null: no line is known
    cast(round(shipping, 2) as decimal(36, 2)) as shipping,  -- what sending it costs the customer
    cast(round(tax, 2) as decimal(36, 2)) as tax,  -- within the total; 0: not said
    cast(round(refunded, 2) as decimal(36, 2)) as refunded,  -- so far, in the shop's currency
    cast(
        case
            when is_cancelled then 0
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
    case
        when last_currency <> shop.currency then last_currency else first_currency
    end as currency,            -- ISO 4217; of several that its rows name one that is not the shop's; null: not said
    is_cancelled,               -- by the orders export
    order_total > 0 and refunded >= order_total as is_fully_refunded,  -- by the orders export
from taxed
cross join settings.shop as shop
