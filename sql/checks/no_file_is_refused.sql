-- checks: raw.loads
-- severity: error
-- finds: refused files
-- do: Correct or replace the file. The next run tries it again.
-- Every file could be read. A refused file is tried again by the next run.
select
    path,
    format,
    reason
from raw.loads
where status = 'refused'
