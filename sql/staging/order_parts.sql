-- One row per order and part of what it is made of: what the customer pays for it, what of that was given back, and what is
-- left. The amounts of an order add up to its total, and what was refunded to its refund, to the cent. What no part explains
-- stands as a part of its own, unexplained: staging.orders says why.
-- Every part is without tax; tax is a part. Tax that the amounts hold is taken out of goods, discount and shipping by their
-- share of it. A refund of which the export says what it was for is of that; the rest takes the same share of each other
-- part, for nothing says more. Shares are rounded one after the other, so that no cent is lost; so are the amounts in the
-- shop's currency (staging.order_rates), which add up to the total in it.
-- key: order_id, part
-- keyed by: order_id
with amounts as (
    select
        order_id,
        state,
        goods is not null as has_goods,
        coalesce(goods, 0) as goods,
        discount,
        shipping,
        fees,
        tips,
        duties,
        rounding,
        gift_cards,
        tax,
        case when tax_is = 'within' then tax else 0 end as held_tax,
        coalesce(goods, 0) + shipping as taxed_base,
        total,
        total - (
            coalesce(goods, 0) + shipping + fees + tips + duties + rounding - gift_cards
            + case when tax_is = 'within' then 0 else tax end
        ) as unexplained,
        case when total > 0 then least(refunded, total) else 0 end as refunded,
        refunded_goods,
        refunded_shipping,
        refunded_tax
    from staging.exported_orders
    where is_order
),

refunds as (
    select
        *,
        coalesce(refunded_goods, 0) + coalesce(refunded_shipping, 0) + coalesce(refunded_tax, 0) <= refunded as is_told
    from amounts
),

gross as (
    select
        order_id, state, has_goods, total, refunded, held_tax, taxed_base, 1 as number, 'discount' as part,
        -discount as amount, true as holds_tax,
        case when is_told and refunded_goods is not null then 0 end as told_refund
    from refunds
    union all
    select
        order_id, state, has_goods, total, refunded, held_tax, taxed_base, 2, 'goods', goods + discount, true,
        case when is_told then refunded_goods end
    from refunds
    union all
    select
        order_id, state, has_goods, total, refunded, held_tax, taxed_base, 3, 'shipping', shipping, true,
        case when is_told then refunded_shipping end
    from refunds
    union all
    select order_id, state, has_goods, total, refunded, held_tax, taxed_base, 4, 'fees', fees, false, null from refunds
    union all
    select order_id, state, has_goods, total, refunded, held_tax, taxed_base, 5, 'tips', tips, false, null from refunds
    union all
    select order_id, state, has_goods, total, refunded, held_tax, taxed_base, 6, 'duties', duties, false, null
    from refunds
    union all
    select order_id, state, has_goods, total, refunded, held_tax, taxed_base, 7, 'rounding', rounding, false, null
    from refunds
    union all
    select order_id, state, has_goods, total, refunded, held_tax, taxed_base, 8, 'gift cards', -gift_cards, false, null
    from refunds
    union all
    select
        order_id, state, has_goods, total, refunded, held_tax, taxed_base, 9, 'tax', tax, false,
        case when is_told then refunded_tax end
    from refunds
    union all
    select order_id, state, has_goods, total, refunded, held_tax, taxed_base, 10, 'unexplained', unexplained, false, null
    from refunds
),

tax_so_far as (
    select
        *,
        case
            when not holds_tax or held_tax = 0 then 0
            when number = 3 then held_tax
            else cast(round(
                cast(held_tax as double)
                * cast(sum(amount) over (partition by order_id order by number rows unbounded preceding) as double)
                / nullif(cast(taxed_base as double), 0),
                2
            ) as decimal(36, 2))
        end as held_until
    from gross
),

without_tax as (
    select
        * exclude (amount),
        cast(
            amount - case
                when holds_tax
                    then
                        held_until
                        - coalesce(lag(held_until) over (partition by order_id order by number), 0)
                else 0
            end as decimal(36, 2)
        ) as amount
    from tax_so_far
),

bases as (
    select
        *,
        refunded - coalesce(cast(sum(told_refund) over of_order as decimal(36, 2)), 0) as untold,
        total - coalesce(
            cast(sum(case when told_refund is not null then amount end) over of_order as decimal(36, 2)), 0
        ) as untold_base,
        cast(sum(case when told_refund is null then amount else 0 end) over (
            partition by order_id order by number rows unbounded preceding
        ) as decimal(36, 2)) as untold_until
    from without_tax
    window of_order as (partition by order_id)
),

refund_so_far as (
    select
        *,
        case
            when untold = 0 then 0
            when number = 10 then untold
            when untold_base = 0 then 0
            else cast(round(
                cast(untold as double) * (cast(untold_until as double) / nullif(cast(untold_base as double), 0)), 2
            ) as decimal(36, 2))
        end as refunded_until
    from bases
),

refunded_parts as (
    select
        *,
        cast(
            coalesce(
                told_refund,
                refunded_until - coalesce(lag(refunded_until) over (partition by order_id order by number), 0)
            ) as decimal(36, 2)
        ) as part_refunded
    from refund_so_far
),

-- Both are sums up to a part, from which the part's own follows.
converted_so_far as (
    select
        parts.*,
        round(in_shop_currency(
            cast(sum(parts.amount) over so_far as decimal(36, 2)), rates.rate
        ), 2) as value_until,
        round(in_shop_currency(
            cast(sum(parts.part_refunded) over so_far as decimal(36, 2)), rates.rate
        ), 2) as refunded_value_until
    from refunded_parts as parts
    left join staging.order_rates as rates on parts.order_id = rates.order_id
    window so_far as (partition by parts.order_id order by parts.number rows unbounded preceding)
),

converted as (
    select
        *,
        cast(
            value_until - coalesce(lag(value_until) over in_order, 0) as decimal(36, 2)
        ) as amount_value,
        cast(
            refunded_value_until - coalesce(lag(refunded_value_until) over in_order, 0) as decimal(36, 2)
        ) as refunded_value
    from converted_so_far
    window in_order as (partition by order_id order by number)
)

select
    order_id,                   -- of staging.orders
    part,                       -- goods, discount, shipping, fees, tips, duties, rounding, gift cards, tax or unexplained
    amount,                     -- of what the customer pays, without tax, in the order's currency; below zero: taken off
    part_refunded as refunded,  -- of it, so far
    cast(case when state = 'cancelled' then 0 else amount - part_refunded end as decimal(36, 2))
        as net,                 -- what is left of it; of a cancelled order nothing
    amount_value,               -- the amount in the shop's currency; null: no rate is known
    refunded_value,             -- what was refunded in the shop's currency; null: no rate is known
    cast(case when state = 'cancelled' then 0 else amount_value - refunded_value end as decimal(36, 2))
        as net_value,           -- what is left of it in the shop's currency; null: no rate is known
from converted
where amount <> 0 or part_refunded <> 0 or (part = 'goods' and has_goods)
