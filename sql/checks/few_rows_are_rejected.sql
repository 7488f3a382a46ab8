-- checks: raw.loads
-- severity: warn
-- finds: files with many rejected rows
-- do: Correct the export: metrics.rejected_reasons says why, `parcours rejected` shows the rows themselves.
-- At most 5 % of a file's rows are rejected; their reasons are in raw.rejected_rows. Of a file that was written again, what
-- it holds now counts. Rows that are older than they are kept are left out.
with old as (
    select file_id, count(*) as row_count
    from raw.rejected_rows
    where reason = 'older than keep_months of its export'
    group by file_id
),

newest as (
    select loads.path, loads.rows_read, loads.rows_rejected - coalesce(old.row_count, 0) as rows_rejected
    from raw.loads as loads
    left join old on loads.file_id = old.file_id
    where loads.status in ('loaded', 'rejected')
    qualify row_number() over (partition by loads.path order by loads.load_number desc, loads.file_id desc) = 1
)

select path, rows_read, rows_rejected
from newest
where rows_rejected > 0.05 * rows_read
