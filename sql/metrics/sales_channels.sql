-- One row per channel in which orders were placed: how many, what they are worth, and whether they are web orders.
-- Figures of sessions, carts and purchase events are about web orders; the others are touchpoints of their person, and count
-- in customers, retention and net order value.
-- key: sales_channel
select
    coalesce(sales_channel, 'not said') as sales_channel,  -- web, till, phone, marketplace, draft, subscription, other or not said
    bool_and(is_web) as is_web,  -- by orders.web_channels of journey.yaml; not said: yes
    cast(count(*) as bigint) as order_count,  -- everybody's, screened people's too
    cast(coalesce(sum(net_revenue), 0) as decimal(36, 2)) as net_revenue,  -- after discounts and refunds, without shipping and tax
from staging.orders
group by 1
