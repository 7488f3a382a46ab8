-- One row per CRM contact.
create table raw.contacts (
    contact_id text not null,    -- the CRM's id
    customer_id text,            -- the shop's id of the customer
    email_hash text,             -- pseudonym(e-mail)
    created_at timestamp,        -- when the CRM got to know the person
    attributes struct(attribute text, said text)[],  -- what the export says of the attributes that journey.yaml names
    source_updated_at timestamp, -- the CRM's own time of the last change
    country text,                -- as the CRM says
    city text,                   -- as the CRM says
    lifecycle_stage text,        -- as the CRM says
    lead_status text,            -- as the CRM says
    lead_source text,            -- where the contact came from
    marketing_status text,       -- whether the contact may be written to
    merged_contact_ids text      -- the CRM's ids of the contacts that were merged into this one, as 100;101
)
