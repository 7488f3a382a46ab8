-- checks: raw.loads
-- severity: error
-- finds: refused files
-- do: Correct or replace the file: raw.loads has the whole reason. The next run tries it again.
-- Every file could be read. A refused file is tried again by the next run.
select
    path,
    format,
    regexp_replace(coalesce(reason, ''), ' line [0-9]+: .*$', '', 'gs') as reason -- its sample of rows may quote values
from raw.loads
where status = 'refused'
