-- One row per attribute of journey.yaml that the export of a click-stream event says something of.
-- key: event_id, attribute
-- keyed by: event_id
select
    events.event_id,            -- of staging.events
    events.identifier,          -- whose event it is; null: nobody's
    events.occurred_at,         -- UTC instant of the event
    events.attributes[places.position].attribute as attribute,  -- of settings.attributes
    events.attributes[places.position].said as value  -- in its declared type, as text
from staging.events as events
cross join unnest(generate_series(1, len(events.attributes))) as places (position)
where len(events.attributes) > 0
