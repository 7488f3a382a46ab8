-- Files with rejected rows
select
    path as "File",
    export as "Export",
    rows_read as "Rows read",
    rows_rejected as "Rejected",
    rejected_share as "Share"
from metrics.rejected_files
order by rows_rejected desc, path
