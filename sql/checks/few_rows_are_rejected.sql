-- checks: raw.loads
-- severity: warn
-- At most 5 % of a file's rows are rejected; their reasons are in raw.rejected_rows.
select path, rows_read, rows_rejected
from raw.loads
where rows_rejected > 0.05 * rows_read
