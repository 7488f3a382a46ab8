-- One row per file some or all of whose rows were rejected. Why: metrics.rejected_reasons. Of a file that was written
-- again, what it holds now counts.
-- key: path, export
with newest as (
    select path, export, rows_read, rows_rejected
    from raw.loads
    where status in ('loaded', 'rejected')
    qualify row_number() over (partition by path, export order by load_number desc, file_id desc) = 1
)

select
    path,                       -- of the file, below the exports' folder
    export,                     -- as journey.yaml names it
    rows_read,                  -- rows of the file
    rows_rejected,              -- of these, rejected
    rate(rows_rejected, rows_read) as rejected_share  -- of the rows read
from newest
where rows_rejected > 0
