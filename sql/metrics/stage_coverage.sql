-- One row per source and event name: how many touchpoints a rule of journey.yaml places in a stage.
select
    source,                     -- events, orders or feedback
    event_name,                 -- as the source names it
    cast(count(*) as bigint) as touchpoint_count,  -- touchpoints
    cast(count(stage) as bigint) as staged_count,  -- of these, with a stage
    cast(count(touchpoint) as bigint) as named_count,  -- of these, matched by a rule
from journeys.touchpoints
group by source, event_name
