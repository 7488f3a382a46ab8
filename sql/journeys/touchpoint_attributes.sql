-- One row per touchpoint and attribute of journey.yaml that is said of it: of its event, of its order, of its session
-- (the first value in it), or of the person by then.
-- key: touchpoint_id, attribute
-- keyed by: person_id
-- within person_id: session_id
with saying as (
    select touchpoint_id, person_id, session_id, occurred_at, attributes
    from journeys.touchpoints
    where len(attributes) > 0
),

of_events as (
    select
        touchpoints.touchpoint_id, touchpoints.person_id, touchpoints.session_id, touchpoints.occurred_at,
        declared.attribute, declared.scope, touchpoints.attributes[places.position].said as value
    from saying as touchpoints
    cross join unnest(generate_series(1, len(touchpoints.attributes))) as places (position)
    inner join settings.attributes as declared
        on touchpoints.attributes[places.position].attribute = declared.attribute
    where declared.scope in ('event', 'session')
),

of_sessions as (
    select person_id, session_id, attribute, value
    from of_events
    where scope = 'session' and session_id is not null
    qualify row_number() over (
        partition by person_id, session_id, attribute order by occurred_at, touchpoint_id
    ) = 1
)

select
    touchpoint_id,              -- of journeys.touchpoints
    person_id,                  -- of journeys.people
    attribute,                  -- of settings.attributes
    value,                      -- in its declared type, as text
from of_events
where scope = 'event'
union all
select touchpoints.touchpoint_id, touchpoints.person_id, of_sessions.attribute, of_sessions.value
from of_sessions
inner join journeys.touchpoints as touchpoints
    on of_sessions.person_id = touchpoints.person_id and of_sessions.session_id = touchpoints.session_id
union all
select touchpoints.touchpoint_id, touchpoints.person_id, spells.attribute, spells.value
from journeys.person_attributes as spells
inner join journeys.touchpoints as touchpoints
    on
        spells.person_id = touchpoints.person_id
        and touchpoints.occurred_at >= spells.known_from
        and touchpoints.occurred_at < spells.known_until
union all
select touchpoints.touchpoint_id, touchpoints.person_id, attributes.attribute, attributes.value
from staging.order_attributes as attributes
inner join settings.attributes as declared on attributes.attribute = declared.attribute and declared.scope = 'order'
inner join journeys.record_owners as owners on owners.kind = 'order' and attributes.order_id = owners.row_id
inner join journeys.touchpoints as touchpoints
    on owners.person_id = touchpoints.person_id and attributes.order_id = touchpoints.order_id
