-- checks: staging.orders
-- severity: error
-- finds: order rows in another currency
-- do: Convert the amounts in the export, or load each currency as a shop of its own.
-- Amounts are in the shop's currency; another one would be added up as if it were.
select order_rows.order_id, order_rows.currency, shop.currency as shop_currency
from raw.order_rows as order_rows
cross join settings.shop as shop
where order_rows.currency is not null and order_rows.currency <> shop.currency
