-- checks: raw.loads
-- severity: error
-- finds: files whose rows do not add up
-- do: Move warehouse.duckdb away and run again; if the file is named again, report it as a fault of Parcours.
-- Rows read = loaded + duplicate + rejected, for each file.
select path, rows_read, rows_loaded, rows_duplicate, rows_rejected
from raw.loads
where rows_read <> rows_loaded + rows_duplicate + rows_rejected
