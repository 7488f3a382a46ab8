-- title: {name}: {value}
-- unit: share
select replace(way, '_', ' ') as name, value, null as low, null as high
from metrics.conversion
where value is not null
order by way
