-- title: {name}: {value} of the carts that were left
-- unit: share
-- headline: highest
select split_by || ' ' || name as name, value, low, high
from metrics.cart_recovery
where value is not null and not is_small and split_by in ('delay', 'channel') and name <> 'not recovered'
order by split_by, position
