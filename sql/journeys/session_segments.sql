-- One row per session and dimension of which it has a value: device, channel, country (as the CRM says), persona, whether
-- the visitor is new or returning, payment method, and each attribute of journey.yaml of scope session or person, as it
-- was known when the session began. What was not known then has no row: of whom the CRM came to know later, above all by
-- an order, country and persona would tell the outcome beforehand. So would personas that ask for what an order changes
-- (lifecycle_stage, lead_status): where there is such a one, personas are no dimension.
-- An attribute named device, channel or persona is none here: sessions have these already.
-- key: session_id, dimension
-- keyed by: person_id
with methods as (
    select person_id, session_id, arg_min(payment_method, (occurred_at, touchpoint_id)) as payment_method
    from journeys.touchpoints
    where is_on_site and payment_method is not null
    group by person_id, session_id
),

-- Each touchpoint of a session has the same value of an attribute of its scope.
session_attributes as (
    select touchpoints.person_id, touchpoints.session_id, said.attribute, min(said.value) as value
    from journeys.touchpoint_attributes as said
    inner join journeys.touchpoints as touchpoints
        on said.person_id = touchpoints.person_id and said.touchpoint_id = touchpoints.touchpoint_id
    inner join settings.attributes as declared on said.attribute = declared.attribute and declared.scope = 'session'
    where touchpoints.is_on_site
    group by touchpoints.person_id, touchpoints.session_id, said.attribute
),

-- When the CRM first knew of a person; of one without a date, always.
known_people as (
    select owned.person_id, min(coalesce(contacts.created_at, timestamp '1970-01-01')) as known_at
    from journeys.record_owners as owned
    inner join staging.contacts as contacts on owned.kind = 'contact' and owned.row_id = contacts.contact_id
    where owned.person_id is not null
    group by owned.person_id
),

of_people as (
    select sessions.session_id, sessions.person_id, people.country, people.persona
    from journeys.sessions as sessions
    inner join journeys.people as people on sessions.person_id = people.person_id
    left join known_people on sessions.person_id = known_people.person_id
    where known_people.known_at is null or known_people.known_at <= sessions.started_at
),

known as (
    select session_id, person_id, 'device' as dimension, device as value from journeys.sessions
    union all
    select session_id, person_id, 'channel', channel from journeys.sessions
    union all
    select session_id, person_id, 'new or returning', case when session_number = 1 then 'new' else 'returning' end
    from journeys.sessions
    union all
    select session_id, person_id, 'country', country from of_people
    union all
    select session_id, person_id, 'persona', persona from of_people
    where
        not exists (
            select 1 from settings.persona_conditions as conditions
            where conditions.attribute in ('lifecycle_stage', 'lead_status')
        )
    union all
    select sessions.session_id, sessions.person_id, 'payment method', methods.payment_method
    from journeys.sessions as sessions
    inner join methods on sessions.person_id = methods.person_id and sessions.session_id = methods.session_id
    union all
    select sessions.session_id, sessions.person_id, said.attribute, said.value
    from journeys.sessions as sessions
    inner join session_attributes as said
        on sessions.person_id = said.person_id and sessions.session_id = said.session_id
    where said.attribute not in ('device', 'channel', 'persona')
    union all
    select sessions.session_id, sessions.person_id, spells.attribute, spells.value
    from journeys.sessions as sessions
    inner join journeys.person_attributes as spells
        on
            sessions.person_id = spells.person_id
            and sessions.started_at >= spells.known_from
            and sessions.started_at < spells.known_until
    where spells.attribute not in ('device', 'channel', 'persona')
)

select
    session_id,                 -- of journeys.sessions
    person_id,                  -- of journeys.people
    dimension,                  -- device, channel, country, persona, new or returning, payment method, or an attribute
    value,                      -- as text
from known
where value is not null
