-- One row per part that orders are made of: what customers pay for it, what was refunded or cancelled, and what is left.
-- Goods and discount, and a fee below zero, are net revenue.
-- key: part
select
    part,                       -- goods, discount, shipping, fees, tips, duties, rounding, gift cards, tax or unexplained
    cast(count(*) as bigint) as order_count,  -- orders that have it; everybody's, screened people's too
    cast(sum(amount) as decimal(36, 2)) as amount,  -- without tax, in the shop's currency
    cast(sum(refunded) as decimal(36, 2)) as refunded,  -- of it
    cast(sum(amount - refunded - net) as decimal(36, 2)) as cancelled,  -- of orders that were cancelled, beyond what was refunded
    cast(sum(net) as decimal(36, 2)) as net,  -- what is left
from staging.order_parts
group by part
