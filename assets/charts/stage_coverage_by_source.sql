-- title: {name}: {value} of the touchpoints have a stage
-- unit: share
-- headline: lowest
select coalesce(source, 'all') as name, staged_share as value, null as low, null as high
from metrics.stage_coverage_by_source
where staged_share is not null
order by source
