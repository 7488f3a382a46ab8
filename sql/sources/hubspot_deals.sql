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
        lower(trim("hs_is_closed_won")) in ('true', 'yes', '1') as is_closed_won,
        lower(trim("hs_is_closed")) in ('true', 'yes', '1') as is_closed,
        try_cast(nullif(trim("amount"), '') as decimal(18, 4)) as given_amount,
        list_transform(
            [trim("createdate"), trim("closedate"), trim("hs_lastmodifieddate")],
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
),

outcomes as (
    select
        *,
        case
            when coalesce(is_closed_won, false) or verdict = 'closedwon' then true
            when coalesce(is_closed, false) or verdict = 'closedlost' then false
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
    case when lower(trim("is_deleted")) in ('true', 'yes', '1') then 'deleted' else trim("dealstage") end as stage,
    is_deal_won as is_won,
    given_amount as amount,
    trim("deal_currency_code") as currency,
    instants[3] as source_updated_at,
    case
        when deal_id is null then 'id is empty'
        when coalesce(trim("createdate"), '') = '' then 'createdate is empty'
        when instants[1] is null then 'createdate is not a time: ' || "createdate"
        when is_deal_won is not null and coalesce(trim("closedate"), '') <> '' and instants[2] is null
            then 'closedate is not a time: ' || "closedate"
        when coalesce(trim("hs_lastmodifieddate"), '') <> '' and instants[3] is null
            then 'hs_lastmodifieddate is not a time: ' || "hs_lastmodifieddate"
        when coalesce(trim("amount"), '') <> '' and given_amount is null then 'amount is not an amount: ' || "amount"
    end as reject_reason
from outcomes
