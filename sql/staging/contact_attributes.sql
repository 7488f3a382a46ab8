-- One row per attribute of journey.yaml that the CRM says of a contact.
-- key: contact_id, attribute
-- keyed by: contact_id
select
    contacts.contact_id,        -- of staging.contacts
    contacts.created_at,        -- UTC instant at which the CRM got to know the person; null: not said
    contacts.attributes[places.position].attribute as attribute,  -- of settings.attributes
    contacts.attributes[places.position].said as value  -- in its declared type, as text
from staging.contacts as contacts
cross join unnest(generate_series(1, len(contacts.attributes))) as places (position)
where len(contacts.attributes) > 0
