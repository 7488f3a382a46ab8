-- One row per name that an order goes by: its number, or the other id that events, tickets and surveys may use.
-- A name that is another order's number means that order; one that several orders share means the first of them.
-- key: order_key
with order_names as (
    select order_id as order_key, order_id, 1 as preference from staging.orders
    union all
    select order_reference, order_id, 2 from staging.orders where order_reference is not null
)

select
    order_key,                  -- number or reference
    order_id,                   -- of staging.orders
from order_names
qualify row_number() over (partition by order_key order by preference, order_id) = 1
