-- checks: metrics.schema_drift
-- severity: warn
-- finds: event names that are new
-- do: Give each a rule below touchpoints: in journey.yaml, if it is a contact with the shop.
-- The latest load has no event name that its export never had before: journey.yaml may need a rule for it.
select export, name, row_count
from metrics.schema_drift
where what = 'event' and verdict = 'new'
order by row_count desc, export, name
