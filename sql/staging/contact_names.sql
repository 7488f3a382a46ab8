-- One row per customer id and e-mail that a CRM contact has had, by any export: what a contact was once called stays
-- evidence of who it is, when its newest state (staging.contacts) says something else.
-- key: contact_id, customer_id, email_hash
-- keyed by: contact_id
select
    contact_id,                 -- the CRM's id
    'contact:' || contact_id as record_id,  -- as journeys.record_owners names it
    own_identifier,             -- the contact as an identifier of its person; null: its id names nobody
    customer_id,                -- the shop's id of the customer
    email_hash,                 -- keyed hash of the e-mail
    min(created_at) as created_at,  -- UTC instant of the contact's creation
from raw.contacts
group by contact_id, own_identifier, customer_id, email_hash
