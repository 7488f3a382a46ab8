-- checks: metrics.late_rows
-- severity: warn
-- finds: exports with many late rows
-- do: Let an export wait until its last day is complete: whole days restate nothing.
-- At most 5 % of an export's rows come late: behind what an earlier file of it had already reached.
select export, cast(sum(row_count) as bigint) as row_count, cast(sum(late_count) as bigint) as late_count
from metrics.late_rows
group by export
having sum(late_count) > 0.05 * sum(row_count)
