-- One row per click-stream event, however often its export delivered it; what was measured without consent is in
-- staging.exempt_events.
-- Delivery is at least once and exports overlap: of the rows with one event id the newest by the source's own time
-- stands, else the one from the export that reaches furthest, whichever was loaded first. Where a source restates whole
-- parts (GA4 its days), the part's last delivery replaces the earlier ones.
-- key: event_id
-- keyed by: event_id
with repeated as (
    select events.event_id
    from raw.events as events
    left join staging.event_parts as parts on events.export = parts.export and events.part = parts.part
    where events.part is null or events.delivery = parts.delivery
    group by events.event_id
    having count(*) > 1
),

-- Few ids come twice: only these are put in order.
chosen as (
    select events.event_id, events.file_id, events.line
    from raw.events as events
    inner join repeated on events.event_id = repeated.event_id
    left join staging.event_parts as parts on events.export = parts.export and events.part = parts.part
    where events.part is null or events.delivery = parts.delivery
    qualify row_number() over (partition by events.event_id order by events.version desc) = 1
),

current_events as (
    select
        events.event_id,
        events.event_name,
        events.occurred_at,
        events.sequence,
        events.anonymous_id,
        events.customer_id,
        events.email_hash,
        events.url_path,
        events.referrer_host,
        events.campaign_source,
        events.campaign_medium,
        events.campaign_name,
        events.device,
        events.product_id,
        events.quantity,
        events.price,
        events.value,
        events.cart_id,
        events.order_id,
        events.error,
        coalesce(events.is_person_caused, true) as is_person_caused,
        coalesce(events.is_bot, false) as is_bot,
        events.payment_method,
        events.shipping,
        events.coupon,
        events.agent
    from raw.events as events
    left join staging.event_parts as parts on events.export = parts.export and events.part = parts.part
    left join chosen on events.event_id = chosen.event_id
    where
        not coalesce(events.is_exempt, false)
        and (events.part is null or events.delivery = parts.delivery)
        and (chosen.event_id is null or (events.file_id = chosen.file_id and events.line = chosen.line))
)

select
    event_id,                   -- the source's id of the event
    case
        when customer_id is not null then 'customer:' || customer_id
        when email_hash is not null then 'email:' || email_hash
        when anonymous_id is not null then 'anonymous:' || anonymous_id
    end as identifier,          -- whose event it is: the customer's, else the e-mail's, else the device's; null: nobody's
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
    is_person_caused,           -- false: server or e-mail event
    is_bot,                     -- the source or the user agent says that no person did it
    payment_method,             -- chosen in the checkout
    shipping,                   -- shipping cost shown in the checkout, in the shop's currency
    coupon,                     -- coupon or voucher code
    agent,                      -- the agent that acted for the person, as ChatGPT-User; null: none
from current_events
