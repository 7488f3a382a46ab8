-- checks: raw.loads
-- severity: error
-- Every file could be read. A refused file is tried again by the next run.
select path, format, reason
from raw.loads
where status = 'refused'
