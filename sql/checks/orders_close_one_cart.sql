-- checks: journeys.carts
-- severity: error
-- finds: orders that close several carts
-- do: Correct sql/journeys/carts.sql: an order belongs to the last cart opened before it.
-- An order closes one cart at most.
select order_id, count(*) as cart_count
from journeys.carts
where order_id is not null
group by order_id
having count(*) > 1
