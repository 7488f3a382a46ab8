-- One row per click-stream event that was measured without consent (consent: exempt), in its newest version. It names
-- nobody: a device is known for one day of the shop, by a pseudonym that nothing joins to another day.
-- key: event_id
-- keyed by: event_id
select
    events.event_id,                   -- the source's id of the event
    events.export,              -- its name in journey.yaml
    events.event_name,          -- as the source names it
    events.occurred_at,         -- UTC instant
    events.anonymous_id as day_id,  -- the device on that day of the shop; null: the export does not tell devices apart
    events.url_path,            -- path of the page, without its query
    coalesce(events.is_person_caused, true) as is_person_caused,  -- false: server or e-mail event
    coalesce(events.is_bot, false) as is_bot,  -- the source or the user agent says that no person did it
from raw.events as events
left join staging.event_parts as parts on events.export = parts.export and events.part = parts.part
where events.is_exempt and (events.part is null or events.delivery = parts.delivery)
qualify row_number() over (partition by events.event_id order by events.version desc) = 1
