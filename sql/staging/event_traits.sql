-- One row per click-stream event of which an attribute is said that a touchpoint rule asks for.
-- key: event_id
-- keyed by: event_id
select
    attributes.event_id,        -- of staging.events
    string_agg('|' || attributes.attribute || '=' || attributes.value || '|', '' order by attributes.attribute)
        as traits,              -- each such attribute with its value, as |plan=pro|
from staging.event_attributes as attributes
where attributes.attribute in (select conditions.attribute from settings.rule_conditions as conditions)
group by attributes.event_id
