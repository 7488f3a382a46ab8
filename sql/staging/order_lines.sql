-- One row per line of an order, in the order's newest state. Lines of what was never an order (staging.exported_orders) are
-- not here.
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
        covers_until,
        version,
        max(covers_until) over (partition by order_id, export) as newest
    from raw.order_rows
),

current_rows as (
    select *
    from versions
    where (covers_until = newest or newest is null) and quantity is not null
    qualify row_number() over (partition by order_id, row_key order by version desc) = 1
)

select
    current_rows.order_id,      -- the order
    current_rows.row_key as line_id,  -- the line within the order
    current_rows.product_id,    -- product or SKU
    current_rows.product_name,  -- as the order says
    current_rows.quantity,      -- pieces
    current_rows.unit_price,    -- of one piece, in the order's currency
    exported.order_id is not null as has_order,  -- its order stands, with a placing time: it is in staging.orders
from current_rows
left join staging.exported_orders as exported on current_rows.order_id = exported.order_id
where coalesce(exported.is_order, true)
