-- One row per export and reason to reject a row, the most frequent first.
select export, reason, row_count
from metrics.rejected_reasons
order by row_count desc, export, reason
