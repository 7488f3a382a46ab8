-- checks: staging.orders
-- severity: error
-- finds: orders in another currency
-- do: Convert the amounts in the export, or load each currency as a shop of its own.
-- Amounts are in the shop's currency; another one would be added up as if it were.
select orders.order_id, orders.currency, shop.currency as shop_currency
from staging.orders as orders
cross join settings.shop as shop
where orders.currency <> shop.currency
