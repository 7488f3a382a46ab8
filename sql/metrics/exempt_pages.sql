-- One row per page and export that measures without consent (staging.exempt_events): how often it was looked at.
-- key: export, url_path
select
    export,                     -- its name in journey.yaml
    url_path,                   -- path of the page
    cast(count(*) as bigint) as event_count,  -- events that a person caused there
    cast(count(distinct day_id) as bigint) as device_day_count,  -- devices, each day's by itself
from staging.exempt_events
where is_person_caused and not is_bot and url_path is not null
group by export, url_path
