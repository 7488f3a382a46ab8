-- One row per CRM contact that another one says was merged into it, by any export: so the two are one person, and what
-- the CRM said of the former no longer counts.
-- key: contact_id, merged_contact_id
-- keyed by: contact_id
with listed as (
    select contacts.contact_id, contacts.own_identifier, contacts.source_updated_at, ids.merged_contact_id
    from raw.contacts as contacts
    cross join unnest(string_split(contacts.merged_contact_ids, ';')) as ids (merged_contact_id)
    where contacts.merged_contact_ids is not null
)

select
    contact_id,                 -- the one that is left
    'contact:' || contact_id as record_id,  -- as journeys.record_owners names it
    own_identifier,             -- the contact as an identifier of its person; null: its id names nobody
    merged_contact_id,          -- the one that was merged into it
    min(source_updated_at) as merged_at,  -- UTC instant of the first change that says so; null: not said
from listed
where merged_contact_id <> contact_id and merged_contact_id <> ''
group by contact_id, own_identifier, merged_contact_id
