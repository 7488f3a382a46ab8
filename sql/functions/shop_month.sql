-- The first shop day of an instant's month.
-- arguments: instant, in UTC; time_zone, the shop's, as Europe/Paris
-- source: docs/definitions.md, days in reports are shop days
create macro shop_month(instant, time_zone) as
cast(date_trunc('month', shop_time(instant, time_zone)) as date)
