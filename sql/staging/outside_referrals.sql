-- One row per click-stream event that comes from a site on which others speak of the shop: a review site, or one that
-- journey.yaml names for the press, on the shop days after it appeared.
-- key: event_id
-- keyed by: event_id
select
    events.event_id,            -- of staging.events
    coalesce(
        min(hosts.told_by) filter (where hosts.first_on is not null), min(hosts.told_by), 'review site'
    ) as told_by,               -- review site, or what the press entry is called: of several the first by name
from staging.events as events
cross join settings.shop as shop
left join settings.outside_hosts as hosts
    on
        (lower(events.referrer_host) = hosts.host or ends_with(lower(events.referrer_host), '.' || hosts.host))
        and (hosts.first_on is null or events.occurred_at >= shop_midnight(hosts.first_on, shop.time_zone))
        and (hosts.until_on is null or events.occurred_at < shop_midnight(hosts.until_on, shop.time_zone))
where events.referrer_host is not null and (hosts.host is not null or is_review_site(events.referrer_host))
group by events.event_id
