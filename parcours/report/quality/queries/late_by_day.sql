-- Late rows by shop day
select
    day as "Day",
    row_count as "Rows",
    late_count as "Late",
    late_share as "Share",
    to_seconds(median_lateness_seconds) as "Median lateness"
from metrics.late_row_splits
where split_by = 'day'
order by day
