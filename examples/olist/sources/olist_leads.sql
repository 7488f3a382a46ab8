-- Olist marketing-qualified leads: sellers who asked to sell on the marketplace; its CRM. Not its buyers.
-- loads: contacts
-- reads: csv
-- namespace: olist
-- needs: mql_id, first_contact_date, origin
-- The first contact is a day of the shop: its instant is that day's beginning.
select
    line,
    'lead ' || "mql_id" as contact_id,
    read_instant("first_contact_date", shop.time_zone) as created_at,
    coalesce(nullif("origin", ''), 'unknown') as lead_source,
    'Lead' as lifecycle_stage,
    unread_instant('first_contact_date', "first_contact_date") as reject_reason
from file_rows
cross join settings.shop as shop
