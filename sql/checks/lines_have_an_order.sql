-- checks: staging.order_lines
-- severity: warn
-- finds: order lines without their order
-- do: Export whole orders: lines without their order are in no net revenue.
-- Every line belongs to an order that was exported too.
select lines.order_id, lines.line_id
from staging.order_lines as lines
where not exists (
    select 1 from raw.order_rows as rows_of_order
    where rows_of_order.order_id = lines.order_id and rows_of_order.ordered_at is not null
)
