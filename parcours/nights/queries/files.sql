-- One row per file that was loaded or refused, with the run's number.
select load_number, path, export, status, reason, rows_read, rows_loaded, rows_duplicate, rows_rejected
from raw.loads
order by load_number, export, path
