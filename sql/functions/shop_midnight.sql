-- The UTC instant at which a shop day begins.
-- arguments: day, a date; time_zone, the shop's, as Europe/Paris
-- source: docs/definitions.md, days in reports are shop days
create macro shop_midnight(day, time_zone) as
(cast(day as timestamp) at time zone time_zone) at time zone 'UTC'
