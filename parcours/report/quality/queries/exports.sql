-- What became of the rows
select
    {
        'told': case
            when export is null then 'All'
            when status = 'loaded' then '{export} ({format})'
            else '{export} ({format}), ' || status
        end,
        'export': export,
        'format': format
    } as "Export and format",
    file_count as "Files",
    rows_read as "Rows read",
    rows_loaded as "= loaded",
    rows_duplicate as "+ duplicate",
    rows_rejected as "+ rejected",
    rejected_share as "Rejected share"
from metrics.export_rows
order by export nulls last, format, status
