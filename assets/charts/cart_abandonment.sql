-- title: {name}: {value}
-- unit: share
select replace(way, '_', ' ') as name, value, low, high
from metrics.cart_abandonment
where value is not null
order by position
