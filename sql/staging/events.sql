-- One row per click-stream event, however often its export delivered it.
-- Delivery is at least once and exports overlap: of the rows with one event id, the one from the export that
-- reaches furthest stands, whichever was loaded first.
-- key: event_id
select
    event_id,                   -- the source's id of the event
    event_name,                 -- as the source names it
    occurred_at,                -- UTC instant, corrected for the device's clock
    sequence,                   -- order of simultaneous events, where the source gives one
    anonymous_id,               -- the browser or device
    customer_id,                -- the shop's id of the customer, when logged in
    email_hash,                 -- keyed hash of the e-mail
    url_path,                   -- path of the page, without its query
    referrer_host,              -- host of the referring page
    campaign_source,            -- utm_source
    campaign_medium,            -- utm_medium
    campaign_name,              -- utm_campaign
    device,                     -- desktop, mobile or tablet
    product_id,                 -- product or SKU
    quantity,                   -- pieces added or removed
    price,                      -- of one piece, in the shop's currency
    value,                      -- of the event, as an order's revenue
    cart_id,                    -- the source's id of the cart
    order_id,                   -- the order's id or number
    error,                      -- what went wrong, for errors
    coalesce(is_person_caused, true) as is_person_caused,  -- false: server or e-mail event
from raw.events
qualify row_number() over (partition by event_id order by covers_until desc nulls last, row_hash) = 1
