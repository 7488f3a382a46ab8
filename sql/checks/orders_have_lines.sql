-- checks: staging.orders
-- severity: warn
-- Every order has a line; one without has no net revenue.
select order_id, status, ordered_at
from staging.orders
where line_count = 0
