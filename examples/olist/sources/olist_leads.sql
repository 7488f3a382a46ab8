-- Olist marketing-qualified leads: sellers who asked to sell on the marketplace; its CRM. Not its buyers.
-- loads: contacts
-- reads: csv
-- namespace: olist
-- needs: mql_id, first_contact_date, origin
-- The first contact is a day of the shop: its instant is that day's beginning.
select
    line,
    'lead ' || "mql_id" as contact_id,
    (try_cast("first_contact_date" as timestamp) at time zone shop.time_zone) at time zone 'UTC' as created_at,
    coalesce(nullif("origin", ''), 'unknown') as lead_source,
    'Lead' as lifecycle_stage,
    case
        when try_cast("first_contact_date" as timestamp) is null
            then 'first_contact_date is not a date: ' || coalesce("first_contact_date", '')
    end as reject_reason
from file_rows
cross join settings.shop as shop
