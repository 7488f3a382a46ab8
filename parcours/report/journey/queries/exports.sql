-- One row per export and status of its files, and one (export null) for all. Instants in shop time.
select exports.* exclude (covers_until), shop_time(exports.covers_until, shop.time_zone) as covers_until
from metrics.export_rows as exports
cross join settings.shop as shop
order by exports.export nulls last, exports.format, exports.status
