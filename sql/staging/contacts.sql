-- One row per CRM contact, in its newest state, by the CRM's own time of change.
-- key: contact_id
-- keyed by: contact_id
select
    contact_id,                 -- the CRM's id
    'contact:' || contact_id as record_id,  -- as journeys.record_owners names it
    customer_id,                -- the shop's id of the customer
    email_hash,                 -- keyed hash of the e-mail
    created_at,                 -- UTC instant
    country,                    -- as the CRM says
    city,                       -- as the CRM says
    lifecycle_stage,            -- as the CRM says
    lead_status,                -- as the CRM says
    lead_source,                -- where the contact came from
    marketing_status,           -- whether the contact may be written to
    attributes,                 -- what the CRM says of the attributes that journey.yaml names
from raw.contacts
qualify row_number() over (partition by contact_id order by version desc) = 1
