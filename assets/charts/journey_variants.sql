-- title: {value} of the journeys take the path {name}
-- unit: share
-- headline: highest
select path as name, journey_share as value, null as low, null as high
from metrics.journey_variants
where journey_type = 'all' and journey_count > 0
order by variant_number
limit 12
