-- One row per purchase event of the click-stream (its first matching rule has the action `purchase`), and the order it is of.
-- It belongs to the order that it names by number or by the order's other id; of a key that means two orders, the order with
-- that number is meant. Everybody's, screened people's too.
-- key: event_id
select
    clicks.event_id,            -- of staging.events
    clicks.occurred_at,         -- UTC instant
    clicks.sequence,            -- order of simultaneous events, where the source gives one
    order_keys.order_id,        -- of staging.orders; null: it names none that is known
    coalesce(
        'order ' || coalesce(order_keys.order_id, clicks.order_id), 'event ' || clicks.event_id
    ) as purchase_key,          -- what it tells of: events of one order id repeat each other
    cast(clicks.stated_value as double) as value,  -- as the event says; null: it does not
    coalesce(clicks.currency, shop.currency) as currency,  -- of the value: as the event says, else the shop's
    clicks.payment_method,      -- as the event says
from staging.events as clicks
left join staging.event_traits as traits on clicks.event_id = traits.event_id
inner join journeys.event_meanings as meanings
    on
        meanings.source = 'events'
        and clicks.event_name = meanings.event_name
        and coalesce(clicks.url_path, '') = meanings.url_path
        and coalesce(traits.traits, '') = meanings.traits
cross join settings.shop as shop
left join staging.order_keys as order_keys on clicks.order_id = order_keys.order_key
where meanings.action = 'purchase'
