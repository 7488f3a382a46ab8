-- What became of the rows
select
    coalesce(export || ' (' || format || ')' || case when status <> 'loaded' then ', ' || status else '' end, 'All')
        as "Export and format",
    file_count as "Files",
    rows_read as "Rows read",
    rows_loaded as "= loaded",
    rows_duplicate as "+ duplicate",
    rows_rejected as "+ rejected",
    rejected_share as "Rejected share"
from metrics.export_rows
order by export nulls last, format, status
