-- One row per item of a click-stream event: each product that the event lists, with its pieces and its price; of an
-- event that lists none, the one product that it is about.
-- key: event_id, position
-- keyed by: event_id
select
    events.event_id,            -- of staging.events
    events.identifier,          -- whose event it is; null: nobody's
    places.position,            -- in the event's list, from 1
    cast(len(events.items) as bigint) as item_count,  -- items of the event
    events.items[places.position].product_id as product_id,  -- product or SKU
    events.items[places.position].product_name as product_name,  -- as the source says
    events.items[places.position].quantity as quantity,  -- pieces; null: the source does not say, which counts as one
    in_shop_currency(events.items[places.position].price, events.rate) as price  -- of one piece, in the shop's currency; null: not said, or no rate is known
from staging.events as events
cross join unnest(generate_series(1, len(events.items))) as places (position)
where len(events.items) > 0
union all
select event_id, identifier, 1, 1, product_id, null, quantity, price
from staging.events
where coalesce(len(items), 0) = 0 and (product_id is not null or price is not null)
