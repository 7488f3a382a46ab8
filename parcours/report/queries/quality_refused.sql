-- One row per refused file, with why; without the sample of its rows, which may quote values.
select path, export, regexp_replace(coalesce(reason, ''), ' line [0-9]+: .*$', '', 'gs') as reason
from raw.loads
where status = 'refused'
order by path
