-- One row per exported order with what one of its currency is in the shop's, by the rate of the shop day on which it was
-- placed. An order whose rows name several currencies has none: its amounts are no sum of anything.
-- key: order_id
-- keyed by: order_id
-- linked by: currency
select
    orders.order_id,            -- of staging.exported_orders
    case
        when orders.has_one_currency and coalesce(orders.currency, shop.currency) = shop.currency then 1
        when orders.has_one_currency then rates.rate
    end as rate                 -- of the shop's currency for one of the order's; 1: the shop's; null: not known
from staging.exported_orders as orders
cross join settings.shop as shop
left join staging.currency_rates as rates
    on
        orders.currency = rates.currency
        and orders.ordered_at >= rates.from_at
        and orders.ordered_at < rates.until_at
