-- HubSpot tickets, a CSV with the properties' internal names, or with labels that `columns:` names.
-- loads: tickets
-- reads: csv
-- namespace: hubspot
-- needs: id, createdate, hs_pipeline_stage
-- A time with an offset (ISO 8601) is an instant, thirteen digits are milliseconds since 1970, and a time without
-- either is the portal's, taken for the shop's. subject, content and the owner are not read. contact_id, customer_id,
-- email and order_id are no properties of a ticket: say under `columns:` which column of the export holds them. One
-- that lists several (a;b) names nobody. A row marked as deleted gives the ticket the status `deleted`.
with values_read as (
    select
        file_rows.*,
        nullif(trim("id"), '') as ticket_id,
        list_transform(
            [trim("createdate"), trim("first_agent_reply_date"), trim("closed_date"), trim("hs_lastmodifieddate")],
            lambda given_at: read_instant(given_at, shop.time_zone)
        ) as instants
    from file_rows
    cross join settings.shop as shop
)

select
    line,
    ticket_id,
    instants[1] as created_at,
    instants[2] as first_reply_at,
    instants[3] as solved_at,
    case when read_flag("is_deleted") then 'deleted' else trim("hs_pipeline_stage") end
        as status,
    trim("hs_ticket_category") as category,
    trim("hs_ticket_priority") as priority,
    lower(trim("source_type")) as channel,
    case when not regexp_matches("contact_id", '[;,]') then trim("contact_id") end as contact_id,
    case when not regexp_matches("customer_id", '[;,]') then trim("customer_id") end as customer_id,
    pseudonym(case when not regexp_matches("email", '[;,]') then nullif(trim("email"), '') end) as email_hash,
    case when not regexp_matches("order_id", '[;,]') then trim("order_id") end as order_id,
    instants[4] as source_updated_at,
    coalesce(
        case
            when ticket_id is null then 'id is empty'
            when coalesce(trim("createdate"), '') = '' then 'createdate is empty'
        end,
        unread_instant('createdate', "createdate"),
        unread_instant('first_agent_reply_date', "first_agent_reply_date"),
        unread_instant('closed_date', "closed_date"),
        unread_instant('hs_lastmodifieddate', "hs_lastmodifieddate"),
        unread_flag('is_deleted', "is_deleted")
    ) as reject_reason
from values_read
