-- checks: staging.exported_orders
-- severity: warn
-- finds: statuses of orders of which nothing says what they mean
-- do: Say it in journey.yaml, as orders: {states: {"<status>": paid}}; until then such orders are taken as placed.
-- Each status that an order has is one that its format, or orders.states of journey.yaml, knows.
select
    unknown_status as status,
    cast(count(*) as bigint) as order_count,
    min(order_id) as example
from staging.exported_orders
where unknown_status is not null
group by unknown_status
order by order_count desc, status
