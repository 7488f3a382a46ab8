-- One row per loaded file with rejected rows, the most of them first.
select path, export, rows_read, rows_rejected
from raw.loads
where status = 'loaded' and rows_rejected > 0
order by rows_rejected desc, path
