-- One row per person: the stitched customer, with what the CRM says and the persona that fits first: what it
-- said of a contact that was merged into another one does not count. A device of several people is nobody, unless
-- something done on it is nobody's among these (journeys.device_spells).
-- key: person_id
-- keyed by: person_id
with identifiers as (
    select
        person_id,
        cast(count(*) as bigint) as identifier_count,
        cast(count(*) filter (where starts_with(identifier, 'anonymous:')) as bigint) as device_count,
        cast(count(*) filter (where starts_with(identifier, 'customer:')) as bigint) as customer_id_count
    from journeys.identities
    where not is_split or person_id in (select person_id from journeys.device_spells)
    group by person_id
),

crm as (
    select
        owned.person_id, contacts.contact_id, country, city, lifecycle_stage, lead_status, lead_source,
        marketing_status, created_at
    from journeys.record_owners as owned
    inner join staging.contacts as contacts on owned.kind = 'contact' and owned.row_id = contacts.contact_id
    where
        owned.person_id is not null
        and contacts.contact_id not in (select merged_contact_id from staging.contact_merges)
    qualify row_number() over (
        partition by owned.person_id order by contacts.created_at desc nulls last, contacts.contact_id
    ) = 1
),

attributes as (
    select person_id, 'country' as attribute, country as value from crm
    union all
    select person_id, 'city', city from crm
    union all
    select person_id, 'lifecycle_stage', lifecycle_stage from crm
    union all
    select person_id, 'lead_status', lead_status from crm
    union all
    select person_id, 'lead_source', lead_source from crm
    union all
    select person_id, 'marketing_status', marketing_status from crm
    union all
    select person_id, 'is_contact', 'yes' from crm
    union all
    select person_id, attribute, value
    from journeys.person_attributes
    where known_until = timestamp '9999-01-01'
),

held as (
    select attributes.person_id, conditions.persona, cast(count(distinct conditions.condition_number) as bigint) as held_count
    from attributes
    inner join settings.persona_conditions as conditions
        on attributes.attribute = conditions.attribute and attributes.value = conditions.value
    group by attributes.person_id, conditions.persona
),

wanted as (
    select persona, cast(count(distinct condition_number) as bigint) as condition_count
    from settings.persona_conditions
    group by persona
),

fitting as (
    select held.person_id, held.persona
    from held
    inner join wanted on held.persona = wanted.persona and held.held_count = wanted.condition_count
    inner join settings.personas as personas on held.persona = personas.persona
    qualify row_number() over (partition by held.person_id order by personas.persona_position, held.persona) = 1
)

select
    identifiers.person_id,      -- does not depend on the order in which rows arrive
    identifiers.identifier_count,  -- identifiers stitched together
    identifiers.device_count,   -- anonymous ids among them
    identifiers.customer_id_count,  -- customer ids among them
    crm.contact_id is not null as is_contact,  -- the CRM knows the person
    crm.country,                -- as the CRM says
    crm.city,                   -- as the CRM says
    crm.lifecycle_stage,        -- as the CRM says
    crm.lead_status,            -- as the CRM says
    crm.lead_source,            -- where the contact came from
    crm.marketing_status,       -- whether the contact may be written to
    coalesce(fitting.persona, 'unassigned') as persona,  -- of journey.yaml; unassigned: none fits
from identifiers
left join crm on identifiers.person_id = crm.person_id
left join fitting on identifiers.person_id = fitting.person_id
