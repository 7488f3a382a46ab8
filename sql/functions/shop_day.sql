-- The shop day of an instant: the date in the shop's time zone.
-- arguments: instant, in UTC; time_zone, the shop's, as Europe/Paris
-- source: docs/definitions.md, days in reports are shop days
create macro shop_day(instant, time_zone) as
cast(shop_time(instant, time_zone) as date)
