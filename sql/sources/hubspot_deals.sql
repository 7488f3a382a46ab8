-- HubSpot deals, a CSV with the properties' internal names, or with labels that `columns:` names.
-- loads: deals
-- reads: csv
-- namespace: hubspot
-- needs: id, createdate, closedate, dealstage
-- Won or lost is what the stage says (closedwon, closedlost), or where a pipeline has stages of its own,
-- hs_is_closed_won and hs_is_closed. The close date of an open deal is the day on which somebody expects it: only that
-- of a deal which is won or lost is read. A time with an offset (ISO 8601) is an instant, thirteen digits are
-- milliseconds since 1970, and a time without either is the portal's, taken for the shop's. dealname, description and
-- the owner are not read. contact_id, customer_id and email are no properties of a deal: say under `columns:` which
-- column of the export holds them. One that lists several (a;b) names nobody. A row marked as deleted gives the deal
-- the stage `deleted`.
with values_read as (
    select
        file_rows.*,
        nullif(trim("id"), '') as deal_id,
        regexp_replace(lower("dealstage"), '[^a-z]', '', 'g') as verdict,
        list_transform(
            [trim("createdate"), trim("closedate"), trim("hs_lastmodifieddate")],
            lambda given_at: read_instant(given_at, shop.time_zone)
        ) as instants
    from file_rows
    cross join settings.shop as shop
),

outcomes as (
    select
        *,
        case
            when coalesce(read_flag("hs_is_closed_won"), false) or verdict = 'closedwon' then true
            when coalesce(read_flag("hs_is_closed"), false) or verdict = 'closedlost' then false
        end as is_deal_won
    from values_read
)

select
    line,
    deal_id,
    case when not regexp_matches("contact_id", '[;,]') then trim("contact_id") end as contact_id,
    case when not regexp_matches("customer_id", '[;,]') then trim("customer_id") end as customer_id,
    pseudonym(case when not regexp_matches("email", '[;,]') then nullif(trim("email"), '') end) as email_hash,
    instants[1] as created_at,
    case when is_deal_won is not null then instants[2] end as closed_at,
    trim("pipeline") as pipeline,
    case when read_flag("is_deleted") then 'deleted' else trim("dealstage") end as stage,
    is_deal_won as is_won,
    read_amount("amount") as amount,
    trim("deal_currency_code") as currency,
    instants[3] as source_updated_at,
    coalesce(
        case
            when deal_id is null then 'id is empty'
            when coalesce(trim("createdate"), '') = '' then 'createdate is empty'
        end,
        unread_instant('createdate', "createdate"),
        case when is_deal_won is not null then unread_instant('closedate', "closedate") end,
        unread_instant('hs_lastmodifieddate', "hs_lastmodifieddate"),
        unread_amount('amount', "amount"),
        unread_flag('hs_is_closed_won', "hs_is_closed_won"),
        unread_flag('hs_is_closed', "hs_is_closed"),
        unread_flag('is_deleted', "is_deleted")
    ) as reject_reason
from outcomes
