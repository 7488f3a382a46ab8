-- One row per attribute of journey.yaml that the orders export says of an order: by the first of its rows, in their
-- newest state, that says something.
-- key: order_id, attribute
-- keyed by: order_id
with current_rows as (
    select order_id, row_key, attributes
    from raw.order_rows
    qualify row_number() over (partition by order_id, row_key order by version desc) = 1
),

said as (
    select
        current_rows.order_id,
        current_rows.row_key,
        current_rows.attributes[places.position].attribute as attribute,
        current_rows.attributes[places.position].said as value
    from current_rows
    cross join unnest(generate_series(1, len(current_rows.attributes))) as places (position)
    where len(current_rows.attributes) > 0
)

select
    order_id,                   -- of staging.orders
    attribute,                  -- of settings.attributes
    value,                      -- in its declared type, as text
from said
qualify row_number() over (partition by order_id, attribute order by row_key) = 1
