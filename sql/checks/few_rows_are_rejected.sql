-- checks: raw.loads
-- severity: warn
-- finds: files with many rejected rows
-- do: Correct the export: metrics.rejected_reasons says why, `parcours rejected` shows the rows themselves.
-- At most 5 % of a file's rows are rejected; their reasons are in raw.rejected_rows. Of a file that was written again, what
-- it holds now counts. Rows with which nothing is wrong (older
-- than they are kept, or of somebody who was forgotten) are left out.
with newest as (
    select path, rows_read, rows_rejected - coalesce(rows_faultless, 0) as rows_rejected
    from raw.loads
    where status in ('loaded', 'rejected')
    qualify row_number() over (partition by path order by load_number desc, file_id desc) = 1
)

select path, rows_read, rows_rejected
from newest
where rows_rejected > 0.05 * rows_read
