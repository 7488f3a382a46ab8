-- title: {name}: {value} come back
-- unit: share
select
    'days ' || 30 * interval_number || '–' || 30 * (interval_number + 1) as name, retention_rate as value,
    null as low, null as high
from metrics.retention_curve
where retention_rate is not null
order by interval_number
