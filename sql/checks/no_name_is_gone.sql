-- checks: metrics.schema_drift
-- severity: warn
-- finds: names of columns or events that are gone
-- do: Ask where the missing names went: renamed (journey.yaml or the source needs the new one), or lost?
-- The latest load of an export has every column and event name that the loads before it had.
select export, what, name, last_load, row_count
from metrics.schema_drift
where verdict = 'gone'
order by row_count desc, export, what, name
