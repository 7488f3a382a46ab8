-- checks: raw.loads
-- severity: warn
-- finds: files with many rejected rows
-- do: Correct the export: metrics.rejected_reasons says why, `parcours rejected` shows the rows themselves.
-- At most 5 % of a file's rows are rejected; their reasons are in raw.rejected_rows.
select path, rows_read, rows_rejected
from raw.loads
where rows_rejected > 0.05 * rows_read
