-- One row per purchase event of the click-stream (staging.purchase_events), and the order it is of.
-- It belongs to the order that it names by number or by the order's other id; of a key that means two orders, the order with
-- that number is meant. Everybody's, screened people's too.
-- key: event_id
select
    clicks.event_id,            -- of staging.events
    clicks.occurred_at,         -- UTC instant
    clicks.sequence,            -- order of simultaneous events, where the source gives one
    order_keys.order_id,        -- of staging.orders; null: it names none that is known
    coalesce(
        'order ' || coalesce(order_keys.order_id, case when clicks.has_order_id then clicks.order_id end), clicks.order_id
    ) as purchase_key,          -- what it tells of: events of one order id repeat each other
    cast(clicks.stated_value as double) as value,  -- as the event says; null: it does not
    coalesce(clicks.currency, shop.currency) as currency,  -- of the value: as the event says, else the shop's
    clicks.payment_method,      -- as the event says
from staging.purchase_events as clicks
cross join settings.shop as shop
left join staging.order_keys as order_keys on clicks.has_order_id and clicks.order_id = order_keys.order_key
where clicks.tells = 'placed'
