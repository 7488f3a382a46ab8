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
            lambda given_at: case
                when regexp_matches(given_at, '^[0-9]{13}$') then make_timestamp(try_cast(given_at as bigint) * 1000)
                when regexp_matches(given_at, ':[0-9]{2}([.][0-9]+)?(Z|[+-][0-9]{2}:?[0-9]{2})$')
                    then try_cast(given_at as timestamptz) at time zone 'UTC'
                when regexp_matches(given_at, '^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}')
                    then (try_cast(given_at as timestamp) at time zone shop.time_zone) at time zone 'UTC'
            end
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
    case when lower(trim("is_deleted")) in ('true', 'yes', '1') then 'deleted' else trim("hs_pipeline_stage") end
        as status,
    trim("hs_ticket_category") as category,
    trim("hs_ticket_priority") as priority,
    lower(trim("source_type")) as channel,
    case when not regexp_matches("contact_id", '[;,]') then trim("contact_id") end as contact_id,
    case when not regexp_matches("customer_id", '[;,]') then trim("customer_id") end as customer_id,
    pseudonym(case when not regexp_matches("email", '[;,]') then nullif(trim("email"), '') end) as email_hash,
    case when not regexp_matches("order_id", '[;,]') then trim("order_id") end as order_id,
    instants[4] as source_updated_at,
    case
        when ticket_id is null then 'id is empty'
        when coalesce(trim("createdate"), '') = '' then 'createdate is empty'
        when instants[1] is null then 'createdate is not a time: ' || "createdate"
        when coalesce(trim("first_agent_reply_date"), '') <> '' and instants[2] is null
            then 'first_agent_reply_date is not a time: ' || "first_agent_reply_date"
        when coalesce(trim("closed_date"), '') <> '' and instants[3] is null
            then 'closed_date is not a time: ' || "closed_date"
        when coalesce(trim("hs_lastmodifieddate"), '') <> '' and instants[4] is null
            then 'hs_lastmodifieddate is not a time: ' || "hs_lastmodifieddate"
    end as reject_reason
from values_read
