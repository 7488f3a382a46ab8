-- title: {name}: {value} of the answers are in the top two of the scale
-- unit: share
-- headline: lowest
select stage_label as name, csat as value, csat_low as low, csat_high as high
from metrics.csat_by_stage
where csat is not null and stage <> 'all'
order by stage_position
