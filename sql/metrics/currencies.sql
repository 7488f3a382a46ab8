-- One row per kind of rows and currency other than the shop's that its amounts are in: how many have a rate, and how many
-- are left out of every sum, as their value in the shop's currency is not known.
-- key: kind, currency
with amounts as (
    select
        'events' as kind,
        events.currency,
        events.rate is not null as has_rate,
        shop_day(events.occurred_at, shop.time_zone) as day
    from staging.events as events
    cross join settings.shop as shop
    where events.currency <> shop.currency and events.stated_value is not null
    union all
    select 'orders', orders.currency, orders.rate is not null, orders.ordered_on
    from staging.orders as orders
    cross join settings.shop as shop
    where orders.currency <> shop.currency
    union all
    select 'deals', deals.currency, deals.value is not null, shop_day(deals.created_at, shop.time_zone)
    from staging.deals as deals
    cross join settings.shop as shop
    where deals.currency <> shop.currency and deals.amount is not null
)

select
    kind,                       -- events, orders or deals
    currency,                   -- ISO 4217, another than the shop's
    cast(count(*) as bigint) as row_count,  -- its orders, and its events and deals with an amount
    cast(count(*) filter (where not has_rate) as bigint) as left_out_count,  -- of these, without a rate on their shop day
    min(day) filter (where not has_rate) as left_out_from,  -- shop day of the first of them; null: none
    max(day) filter (where not has_rate) as left_out_to,  -- shop day of the last of them
from amounts
group by kind, currency
