-- checks: raw.loads
-- severity: error
-- Rows read = loaded + duplicate + rejected, for each file.
select path, rows_read, rows_loaded, rows_duplicate, rows_rejected
from raw.loads
where rows_read <> rows_loaded + rows_duplicate + rows_rejected
