-- One row per CRM contact that another one says was merged into it, by any export: so the two are one person, and what
-- the CRM said of the former no longer counts.
-- key: contact_id, merged_contact_id
-- keyed by: contact_id
with merges as (
    select
        contact_id,
        own_identifier,
        unnest(string_split(merged_contact_ids, ';')) as merged_contact_id,
        source_updated_at
    from raw.contacts
    where merged_contact_ids is not null
)

select
    contact_id,                 -- the one that is left
    'contact:' || contact_id as record_id,  -- as journeys.record_owners names it
    own_identifier,             -- the contact as an identifier of its person; null: its id names nobody
    merged_contact_id,          -- the one that was merged into it
    min(source_updated_at) as merged_at,  -- UTC instant of the first change that says so; null: not said
from merges
where merged_contact_id <> contact_id and merged_contact_id <> ''
group by contact_id, own_identifier, merged_contact_id
