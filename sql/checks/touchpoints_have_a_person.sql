-- checks: journeys.touchpoints
-- severity: warn
-- Every event is somebody's: an event whose identifiers are all blocked or empty has no person and is in no figure.
select events.event_id, events.event_name, events.occurred_at
from staging.events as events
where not exists (
    select 1 from journeys.touchpoints as touchpoints where touchpoints.touchpoint_id = 'event:' || events.event_id
)
