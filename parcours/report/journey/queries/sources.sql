-- One row per source of touchpoints that was loaded; instants in shop time.
select
    known.source, shop_time(known.known_from, shop.time_zone) as known_from,
    shop_time(known.known_until, shop.time_zone) as known_until
from metrics.known_sources as known
cross join settings.shop as shop
where known.source <> 'invitations'
order by array_position(['events', 'orders', 'deals', 'contacts', 'feedback', 'tickets'], known.source)
