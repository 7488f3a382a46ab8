-- title: {name}: {value}
-- unit: share
-- headline: lowest
select mark as name, good_share as value, null as low, null as high
from metrics.quality_marks
where good_share is not null
order by mark_number
