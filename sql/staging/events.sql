-- One row per click-stream event, however often its export delivered it; what was measured without consent is in
-- staging.exempt_events.
-- Delivery is at least once and exports overlap: of the rows with one event id the newest by the source's own time
-- stands, else the one from the export that reaches furthest, whichever was loaded first. Where a source restates whole
-- parts (GA4 its days), the part's last delivery replaces the earlier ones.
-- Amounts are in the shop's currency: of another one by the rate of the shop day (staging.currency_rates), else null.
-- key: event_id
-- keyed by: event_id
-- linked by: currency
-- across event_id: named
with quiet_names as (
    select distinct event_name from settings.session_rules where not opens_session
),

named as (
    select distinct events.event_name, coalesce(events.url_path, '') as url_path
    from raw.events as events
    inner join quiet_names on quiet_names.event_name is null or events.event_name = quiet_names.event_name
),

-- Of which kinds of events the first rule says that they open no session.
quiet as (
    select named.event_name, named.url_path
    from named
    inner join settings.session_rules as rules
        on
            (rules.event_name is null or rules.event_name = named.event_name)
            and (rules.url_pattern is null or named.url_path like rules.url_pattern)
    group by named.event_name, named.url_path
    having not arg_min(rules.opens_session, rules.rule_number)
),

repeated as (
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

-- What the products that an event lists say of it as a whole.
item_totals as (
    select
        events.event_id,
        events.file_id,
        events.line,
        case
            when
                count(events.items[places.position].product_id) = count(*)
                and count(distinct events.items[places.position].product_id) = 1
                then min(events.items[places.position].product_id)
        end as only_product,
        case
            when count(*) > 1
                then
                    string_agg(
                        coalesce(events.items[places.position].product_id, ''), ', '
                        order by coalesce(events.items[places.position].product_id, '')
                    )
        end as products,
        cast(
            sum(coalesce(try_cast(events.items[places.position].quantity as decimal(18, 4)), 1)) as double
        ) as piece_count,
        case
            when count(events.items[places.position].price) = count(*)
                then
                    -- Rounded as money is, in the widest type: products of the largest that an export may hold fit.
                    cast(sum(cast(
                        events.items[places.position].price
                        * cast(
                            coalesce(try_cast(events.items[places.position].quantity as decimal(18, 4)), 1)
                            as decimal(20, 4)
                        ) as decimal(38, 4
                        )
                    )) as double)
        end as items_value
    from raw.events as events
    cross join unnest(generate_series(1, len(events.items))) as places (position)
    where len(events.items) > 0
    group by events.event_id, events.file_id, events.line
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
        coalesce(events.product_id, item_totals.only_product) as product_id,
        item_totals.products,
        case
            when events.price is null then coalesce(events.quantity, item_totals.piece_count)
            else events.quantity
        end as quantity,
        events.price,
        events.items,
        item_totals.items_value,
        events.value,
        events.currency,
        case when events.currency is null or events.currency = shop.currency then 1 else rates.rate end as rate,
        events.cart_id,
        events.order_id,
        events.error,
        coalesce(events.is_person_caused, true) and quiet.event_name is null as is_person_caused,
        coalesce(events.is_bot, false) as is_bot,
        events.payment_method,
        events.shipping,
        events.coupon,
        events.attributes,
        events.agent,
        events.tracker_session_id
    from raw.events as events
    cross join settings.shop as shop
    left join staging.event_parts as parts on events.export = parts.export and events.part = parts.part
    left join chosen on events.event_id = chosen.event_id
    left join item_totals
        on
            events.event_id = item_totals.event_id
            and events.file_id = item_totals.file_id
            and events.line = item_totals.line
    left join quiet on events.event_name = quiet.event_name and coalesce(events.url_path, '') = quiet.url_path
    left join staging.currency_rates as rates
        on
            events.currency = rates.currency
            and events.occurred_at >= rates.from_at
            and events.occurred_at < rates.until_at
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
    product_id,                 -- the product or SKU that it is about; null: none, or several
    products,                   -- the products of its items, where it has several items
    quantity,                   -- pieces added or removed, of all its items
    in_shop_currency(current_events.price, rate) as price,  -- of one piece, in the shop's currency; null: not said, of several items, or no rate is known
    items,                      -- the products that it lists, as the source does: staging.event_items has a row of each
    in_shop_currency(
        coalesce(
            current_events.value, current_events.price * coalesce(quantity, 1), items_value
        ), rate
    ) as value,                 -- of all its pieces, in the shop's currency: what the source says, else price × quantity, else that of its items; null: unknown
    coalesce(
        current_events.value, current_events.price * coalesce(quantity, 1), items_value
    ) as stated_value,           -- the same in its own currency
    currency,                   -- of its amounts, ISO 4217; null: not said, taken for the shop's
    rate,                       -- of the shop's currency for one of its own on its shop day; 1: the shop's; null: not known
    cart_id,                    -- the source's id of the cart
    order_id,                   -- the order's id or number
    error,                      -- what went wrong, for errors
    is_person_caused,           -- false: server or e-mail event, or one whose rule says opens_session: false
    is_bot,                     -- the source or the user agent says that no person did it
    payment_method,             -- chosen in the checkout
    in_shop_currency(current_events.shipping, rate) as shipping,  -- shipping cost shown in the checkout, in the shop's currency; null: not said, or no rate is known
    coupon,                     -- coupon or voucher code
    attributes,                 -- what the export says of the attributes that journey.yaml names
    agent,                      -- the agent that acted for the person, as ChatGPT-User; null: none
    tracker_session_id,         -- the tracker's own id of the session; null: it gives none
from current_events
