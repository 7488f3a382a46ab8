-- HubSpot, Contacts > Export, with the English labels, or with others that `columns:` names.
-- loads: contacts
-- reads: csv
-- namespace: hubspot
-- needs: Email, Create Date
-- The header holds labels, picked at export and in the portal's language. The id's is Record ID, or in newer exports
-- Record ID - Contact. Merged contact IDs lists the contacts that were merged into this one. Times are without a zone: the portal's, taken for the shop's.
with values_read as (
    select
        file_rows.*,
        shop.time_zone,
        coalesce(nullif("Record ID", ''), nullif("Record ID - Contact", '')) as record_id,
        coalesce("Merged contact IDs", "Merged record IDs", "hs_merged_object_ids") as merged_ids
    from file_rows
    cross join settings.shop as shop
)

select
    line,
    record_id as contact_id,
    nullif("Customer ID", '') as customer_id,
    pseudonym(nullif("Email", '')) as email_hash,
    read_instant("Create Date", time_zone) as created_at,
    read_instant("Last Modified Date", time_zone) as source_updated_at,
    nullif("Country/Region", '') as country,
    nullif("City", '') as city,
    nullif("Lifecycle Stage", '') as lifecycle_stage,
    nullif("Lead Status", '') as lead_status,
    nullif("Original Source", '') as lead_source,
    nullif("Marketing contact status", '') as marketing_status,
    nullif(array_to_string(regexp_extract_all(merged_ids, '[^;,\s]+'), ';'), '') as merged_contact_ids,
    coalesce(
        case when record_id is null then 'Record ID is empty' end,
        unread_instant('Create Date', "Create Date"),
        unread_instant('Last Modified Date', "Last Modified Date")
    ) as reject_reason
from values_read
