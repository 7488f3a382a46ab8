-- An amount in the shop's currency, to a ten-thousandth; null: no rate is known.
-- arguments: amount; rate, of the shop's currency for one of the amount's (1: it is in the shop's)
-- source: docs/definitions.md, money in other currencies
create macro in_shop_currency(amount, rate) as
case when rate = 1 then amount else try_cast(round(cast(amount as double) * rate, 4) as decimal(18, 4)) end
