-- One row per CRM deal or opportunity, in its newest state, by the CRM's own time of change.
-- A deal whose newest stage is `deleted` is gone, and names nobody any more.
-- key: deal_id
-- keyed by: deal_id
-- linked by: currency
with newest as (
    select
        deal_id, contact_id, customer_id, email_hash, created_at, closed_at, pipeline, stage, is_won, amount, currency
    from raw.deals
    qualify row_number() over (partition by deal_id order by version desc) = 1
)

select
    newest.deal_id,             -- the CRM's id
    'deal:' || newest.deal_id as record_id,  -- as journeys.record_owners names it
    contact_id,                 -- the CRM's id of the contact
    customer_id,                -- the shop's id of the customer
    email_hash,                 -- keyed hash of the e-mail
    created_at,                 -- UTC instant of opening
    case when is_won is not null then closed_at end as closed_at,  -- UTC instant of winning or losing; null: open
    pipeline,                   -- as the CRM says
    stage,                      -- as the CRM says
    is_won,                     -- true: won; false: lost; null: open
    amount,                     -- of the deal, in its currency
    newest.currency,            -- ISO 4217; null: taken for the shop's
    in_shop_currency(
        amount, case when newest.currency is null or newest.currency = shop.currency then 1 else rates.rate end
    ) as value,                 -- its amount in the shop's currency, by the rate of the shop day of closing, else of opening; null: no amount, or no rate is known
from newest
cross join settings.shop as shop
left join staging.currency_rates as rates
    on
        newest.currency = rates.currency
        and coalesce(case when is_won is not null then closed_at end, created_at) >= rates.from_at
        and coalesce(case when is_won is not null then closed_at end, created_at) < rates.until_at
where stage is null or lower(stage) <> 'deleted'
