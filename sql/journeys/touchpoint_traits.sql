-- One row per touchpoint of which an attribute is said that a step of a funnel asks for.
-- key: touchpoint_id
-- keyed by: person_id
-- within person_id: touchpoint_id
select
    attributes.touchpoint_id,   -- of journeys.touchpoints
    attributes.person_id,       -- of journeys.people
    string_agg('|' || attributes.attribute || '=' || attributes.value || '|', '' order by attributes.attribute)
        as traits,              -- each such attribute with its value, as |plan=pro|
from journeys.touchpoint_attributes as attributes
where attributes.attribute in (select conditions.attribute from settings.funnel_step_conditions as conditions)
group by attributes.touchpoint_id, attributes.person_id
