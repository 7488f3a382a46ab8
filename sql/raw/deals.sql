-- One row per CRM deal or opportunity.
create table raw.deals (
    deal_id text not null,      -- the CRM's id
    contact_id text,            -- the CRM's id of the contact
    customer_id text,           -- the shop's id of the customer
    email_hash text,            -- pseudonym(e-mail)
    created_at timestamp,       -- when the deal was opened
    closed_at timestamp,        -- when it was won or lost; null: open
    pipeline text,              -- as the CRM says
    stage text,                 -- as the CRM says
    is_won boolean,             -- true: won; false: lost; null: open
    amount decimal(18, 4),      -- of the deal
    currency text,              -- ISO 4217
    source_updated_at timestamp -- the CRM's own time of the last change
)
