-- checks: journeys.touchpoints
-- severity: warn
-- finds: events of nobody
-- do: Send an anonymous id, a customer id or an e-mail with every event; without one it is in no figure.
-- Every event is somebody's: an event whose identifiers are all blocked or empty has no person and is in no figure.
select event_id, event_name, occurred_at
from staging.events
where identifier is null
