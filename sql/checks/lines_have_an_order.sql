-- checks: staging.order_lines
-- severity: warn
-- finds: order lines without their order
-- do: Export whole orders: lines without their order are in no net revenue.
-- Every line belongs to an order that was exported too.
select order_id, line_id
from staging.order_lines
where not has_order
