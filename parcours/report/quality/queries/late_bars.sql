-- One row per shop day: rows that came late, of all rows.
select day as on, late_count as count, row_count as total
from metrics.late_row_splits
where split_by = 'day'
order by day
