-- Why rows were rejected
select {'told': reason} as "Reason", export as "Export", row_count as "Rows"
from metrics.rejected_reasons
order by row_count desc, export, reason
