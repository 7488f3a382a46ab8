-- checks: staging.exported_orders
-- severity: warn
-- finds: sales channels of which nothing says what they are
-- do: Say it in journey.yaml, as orders: {channels: {"<channel>": marketplace}}; until then such orders are no web orders.
-- Each text that says where an order was placed is one that its format, or orders.channels of journey.yaml, knows.
select
    unknown_channel as channel,
    cast(count(*) as bigint) as order_count,
    min(order_id) as example
from staging.exported_orders
where unknown_channel is not null
group by unknown_channel
order by order_count desc, channel
