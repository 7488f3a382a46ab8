-- Late rows by export
select
    export as "Export",
    row_count as "Rows",
    late_count as "Late",
    late_share as "Share",
    to_seconds(median_lateness_seconds) as "Median lateness",
    to_seconds(lowest_lateness_seconds) as "Lowest of a day",
    to_seconds(highest_lateness_seconds) as "Highest of a day",
    restated_day_count as "Days restated",
    day_count as "Of days"
from metrics.late_row_splits
where split_by = 'export'
order by export
