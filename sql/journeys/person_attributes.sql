-- One row per spell in which an attribute of a person had one value: as events and contacts said it, from the instant on
-- at which one of them first did until another value was said.
-- A contact says it from its creation on; without one, from the beginning.
-- key: person_id, attribute, known_from
-- keyed by: person_id
with said as (
    select
        touchpoints.person_id, declared.attribute, touchpoints.attributes[places.position].said as value,
        touchpoints.occurred_at as said_at, touchpoints.touchpoint_id as said_by
    from journeys.touchpoints as touchpoints
    cross join unnest(generate_series(1, len(touchpoints.attributes))) as places (position)
    inner join settings.attributes as declared
        on touchpoints.attributes[places.position].attribute = declared.attribute and declared.scope = 'person'
    union all
    select
        owners.person_id, attributes.attribute, attributes.value,
        coalesce(attributes.created_at, timestamp '1970-01-01'), 'contact:' || attributes.contact_id
    from staging.contact_attributes as attributes
    inner join settings.attributes as declared on attributes.attribute = declared.attribute and declared.scope = 'person'
    inner join journeys.record_owners as owners on owners.kind = 'contact' and attributes.contact_id = owners.row_id
    where owners.person_id is not null
),

-- Of what is said at one instant the last by its source stands.
at_instants as (
    select person_id, attribute, value, said_at
    from said
    qualify row_number() over (partition by person_id, attribute, said_at order by said_by desc) = 1
),

changes as (
    select person_id, attribute, value, said_at
    from at_instants
    qualify
        value is distinct from lag(value) over (partition by person_id, attribute order by said_at)
)

select
    person_id,                  -- of journeys.people
    attribute,                  -- of settings.attributes, of scope person
    value,                      -- in its declared type, as text
    said_at as known_from,      -- UTC instant
    coalesce(lead(said_at) over (partition by person_id, attribute order by said_at), timestamp '9999-01-01')
        as known_until,         -- UTC instant of the next value; 9999-01-01: there is none
from changes
