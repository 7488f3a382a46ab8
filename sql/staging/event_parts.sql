-- One row per part that a source restates as a whole (GA4 its days), with the delivery that stands: the last.
-- key: export, part
select
    export,                     -- name in journey.yaml
    part,                       -- what is restated as a whole
    max(delivery) as delivery,  -- the greatest text replaces the others
from raw.events
where part is not null
group by export, part
