-- One row per attribute of journey.yaml that the orders export says of an order: by the first of its rows, in their
-- newest state, that says something.
-- key: order_id, attribute
-- keyed by: order_id
select
    orders.order_id,            -- of staging.exported_orders
    orders.attributes[places.position].attribute as attribute,  -- of settings.attributes
    orders.attributes[places.position].said as value,  -- in its declared type, as text
from staging.exported_orders as orders
cross join unnest(generate_series(1, len(orders.attributes))) as places (position)
where len(orders.attributes) > 0
qualify
    row_number() over (
        partition by orders.order_id, orders.attributes[places.position].attribute order by places.position
    ) = 1
