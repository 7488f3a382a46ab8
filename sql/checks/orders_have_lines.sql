-- checks: staging.orders
-- severity: warn
-- finds: orders without a line
-- do: Export the lines of each order: one without has no net revenue and is in no average.
-- Every order has a line; one without has no net revenue.
select order_id, status, ordered_at
from staging.orders
where line_count = 0
