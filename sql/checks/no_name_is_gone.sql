-- checks: metrics.schema_drift
-- severity: warn
-- finds: names of columns or events that are gone
-- do: Ask where the missing names went: renamed (journey.yaml or the source needs the new one), or lost?
-- The latest load of an export has every column and event name that a small cell of rows or more had before it: rarer
-- ones may well be in no row of a night. All of them are in metrics.schema_drift.
select export, what, name, last_load, row_count
from metrics.schema_drift
where verdict = 'gone' and row_count >= (select small_cell from settings.shop)
order by row_count desc, export, what, name
