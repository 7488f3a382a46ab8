-- checks: staging.orders
-- severity: warn
-- finds: orders refunded in part, without the amount
-- do: Export the amount refunded with the orders: without it their net revenue is too high.
-- An order that was refunded in part says how much.
select order_id, status, total
from staging.orders
where state = 'partly_refunded' and refunded = 0
