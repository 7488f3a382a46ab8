-- What the shop's clock shows at an instant: a local time, without a zone.
-- arguments: instant, in UTC; time_zone, the shop's, as Europe/Paris
-- source: docs/definitions.md, days in reports are shop days
create macro shop_time(instant, time_zone) as
(instant at time zone 'UTC') at time zone time_zone
