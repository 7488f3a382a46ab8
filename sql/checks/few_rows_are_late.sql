-- checks: metrics.late_row_splits
-- severity: warn
-- finds: exports with many late rows
-- do: Let an export wait until its last day is complete: whole days restate nothing.
-- At most 5 % of an export's rows come late: behind what an earlier file of it had already reached.
select export, row_count, late_count
from metrics.late_row_splits
where split_by = 'export' and late_share > 0.05
