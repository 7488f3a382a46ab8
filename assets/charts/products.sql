-- title: {name}: {value} of those who see it add it to a cart
-- unit: share
-- headline: highest
select coalesce(product_name, product_id) as name, view_to_cart_rate as value, view_to_cart_low as low, view_to_cart_high as high
from metrics.products
where view_to_cart_rate is not null and not is_small
order by viewed_matured_count desc, product_id
limit 12
