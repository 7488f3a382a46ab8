-- title: Conversion per session, {name}: {value}
-- unit: share
select view as name, conversion_per_session as value, null as low, null as high
from metrics.stitching_effect
where conversion_per_session is not null
order by view
