-- title: {name}: {value} of the answers are in the top two of the scale
-- unit: share
-- headline: lowest
select replace(dimension, '_', ' ') || ': ' || value as name, csat as value, csat_low as low, csat_high as high
from metrics.satisfaction
where
    kind = 'csat' and csat is not null and not is_small and value not in ('unknown', 'unassigned')
order by dimension, value
