-- One row per line of an order, in the order's newest state.
-- An order's lines are those of the newest export that has the order: a line that was removed since is gone.
-- key: order_id, line_id
-- keyed by: order_id
with versions as (
    select
        order_id,
        row_key,
        product_id,
        product_name,
        quantity,
        unit_price,
        ordered_at,
        covers_until,
        version,
        max(covers_until) over (partition by order_id, export) as newest,
        row_number() over (partition by order_id, export, row_key, covers_until order by version desc) as place
    from raw.order_rows
),

current_rows as (
    select
        *,
        max(case when place = 1 then ordered_at end) over (partition by order_id) as order_placed_at
    from versions
    where covers_until = newest or newest is null
)

select
    order_id,                   -- the order
    row_key as line_id,         -- the line within the order
    product_id,                 -- product or SKU
    product_name,               -- as the order says
    quantity,                   -- pieces
    unit_price,                 -- of one piece, in the shop's currency
    order_placed_at is not null as has_order,  -- its order stands, with a placing time: it is in staging.orders
from current_rows
where quantity is not null
qualify row_number() over (partition by order_id, row_key order by version desc) = 1
