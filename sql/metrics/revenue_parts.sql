-- One row per part that orders are made of: what customers pay for it, what was refunded or cancelled, and what is left.
-- Of an order in another currency without a rate nothing is known here (metrics.currencies counts them).
-- Goods and discount, and a fee below zero, are net revenue.
-- key: part
select
    part,                       -- goods, discount, shipping, fees, tips, duties, rounding, gift cards, tax or unexplained
    cast(count(amount_value) as bigint) as order_count,  -- orders that have it; everybody's, screened people's too
    cast(sum(amount_value) as decimal(36, 2)) as amount,  -- without tax, in the shop's currency
    cast(sum(refunded_value) as decimal(36, 2)) as refunded,  -- of it
    cast(sum(amount_value - refunded_value - net_value) as decimal(36, 2)) as cancelled,  -- of orders that were cancelled, beyond what was refunded
    cast(sum(net_value) as decimal(36, 2)) as net,  -- what is left
from staging.order_parts
where amount_value is not null
group by part
