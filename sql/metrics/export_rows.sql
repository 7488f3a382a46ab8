-- One row per export, format and status of its files, and one (export null) for all: what became of the rows read.
-- key: export, format, status
select
    export,                     -- as in journey.yaml; null: all exports
    format,                     -- of its files
    status,                     -- loaded, or why the files were refused
    cast(count(*) as bigint) as file_count,  -- files
    cast(coalesce(sum(rows_read), 0) as bigint) as rows_read,  -- rows of these files
    cast(coalesce(sum(rows_loaded), 0) as bigint) as rows_loaded,  -- kept
    cast(coalesce(sum(rows_duplicate), 0) as bigint) as rows_duplicate,  -- loaded before
    cast(coalesce(sum(rows_rejected), 0) as bigint) as rows_rejected,  -- kept in raw.rejected_rows with a reason
    rate(sum(rows_rejected), sum(rows_read)) as rejected_share,  -- of the rows read
    max(covers_until) as covers_until,  -- UTC instant that the files reach
    bool_and(status not in ('loaded', 'rejected') or rows_read = rows_loaded + rows_duplicate + rows_rejected) as adds_up,  -- rows read = loaded + duplicate + rejected, in each file
from raw.loads
where status <> 'unloaded'
group by grouping sets ((export, format, status), ())
