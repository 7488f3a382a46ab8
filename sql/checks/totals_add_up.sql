-- checks: staging.orders
-- severity: warn
-- finds: orders whose parts do not add up to their total
-- do: Look at what the export says of such an order: a fee, tip or gift card in none of its columns, or payments of another sum.
-- The total of an order is the sum of its parts (staging.order_parts). What they don't explain is not net revenue.
select order_id, mismatch, unexplained, total
from staging.orders
where mismatch is not null and goods is not null
order by abs(unexplained) desc, order_id
