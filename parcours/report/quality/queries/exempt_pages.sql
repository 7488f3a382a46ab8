-- Pages measured without consent
select
    export as "Export",
    url_path as "Page",
    event_count as "Events",
    device_day_count as "Devices, each day's by itself"
from metrics.exempt_pages
qualify row_number() over (partition by export order by event_count desc, url_path) <= 10
order by export, event_count desc, url_path
