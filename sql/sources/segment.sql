-- Segment or RudderStack track and page calls, JSON lines (gzip too).
-- loads: events
-- reads: jsonl
-- needs: messageId, timestamp, type
-- shape: {"messageId": "VARCHAR", "type": "VARCHAR", "event": "VARCHAR", "name": "VARCHAR", "anonymousId": "VARCHAR",
--   "userId": "VARCHAR", "timestamp": "VARCHAR", "channel": "VARCHAR", "traits": {"email": "VARCHAR"}, "context": {
--   "page": {"url": "VARCHAR", "path": "VARCHAR", "referrer": "VARCHAR"}, "userAgent": "VARCHAR", "sessionId": "VARCHAR",
--   "campaign": {"source": "VARCHAR", "medium": "VARCHAR", "name": "VARCHAR"},
--   "device": {"type": "VARCHAR"}, "traits": {"email": "VARCHAR"}}, "properties": {
--   "product_id": "VARCHAR", "sku": "VARCHAR", "quantity": "VARCHAR", "price": "VARCHAR",
--   "products": [{"product_id": "VARCHAR", "sku": "VARCHAR", "name": "VARCHAR", "quantity": "VARCHAR",
--     "price": "VARCHAR"}],
--   "value": "VARCHAR", "revenue": "VARCHAR", "total": "VARCHAR", "shipping": "VARCHAR", "currency": "VARCHAR",
--   "cart_id": "VARCHAR", "order_id": "VARCHAR", "payment_method": "VARCHAR", "coupon": "VARCHAR",
--   "coupon_id": "VARCHAR", "coupon_name": "VARCHAR", "error": "VARCHAR", "email": "VARCHAR"}}
-- Time: `timestamp`, which the source corrects for the device's clock; not sentAt. Delivery is at least once: the
-- same messageId may come again, and staging keeps one. Calls from a server, e-mails sent and changes of an order are
-- not caused by a person: they open and extend no session. An event that lists exactly one product is about it too.
-- A user agent that names a bot, a crawler, a spider or a headless browser is one; one that names an agent which acts for
-- a person (ChatGPT-User) is the person's. RudderStack's context.sessionId is the second in which a session began: only
-- together with the anonymousId it is a session's.
with values_read as (
    select
        line,
        r,
        case when len(r.properties.products) = 1 then r.properties.products[1] end as product,
        read_instant(r.timestamp, 'UTC') as occurred_at,
        coalesce(r.event, r.name, r.type) as event_name
    from file_rows
)

select
    line,
    r.messageId as event_id,
    event_name,
    occurred_at,
    r.anonymousId as anonymous_id,
    r.userId as customer_id,
    pseudonym(coalesce(r.traits.email, r.context.traits.email, r.properties.email)) as email_hash,
    coalesce(r.context.page.path, regexp_extract(r.context.page.url, '^[a-z]+://[^/?#]+([^?#]*)', 1)) as url_path,
    url_host(r.context.page.referrer) as referrer_host,
    r.context.campaign.source as campaign_source,
    r.context.campaign.medium as campaign_medium,
    r.context.campaign.name as campaign_name,
    lower(r.context.device.type) as device,
    coalesce(r.properties.product_id, r.properties.sku, product.product_id, product.sku) as product_id,
    coalesce(read_number(r.properties.quantity), read_number(product.quantity)) as quantity,
    coalesce(read_amount(r.properties.price), read_amount(product.price)) as price,
    list_transform(r.properties.products, lambda i: {
        'product_id': coalesce(i.product_id, i.sku), 'product_name': i.name, 'quantity': i.quantity, 'price': i.price
    }) as items,
    coalesce(
        read_amount(r.properties.revenue), read_amount(r.properties.value), read_amount(r.properties.total)
    ) as value,
    r.properties.currency as currency,
    r.properties.cart_id as cart_id,
    r.properties.order_id as order_id,
    r.properties.payment_method as payment_method,
    read_amount(r.properties.shipping) as shipping,
    coalesce(r.properties.coupon, r.properties.coupon_id, r.properties.coupon_name) as coupon,
    r.properties.error as error,
    coalesce(r.channel, '') <> 'server' and not is_shops_doing(event_name) as is_person_caused,
    is_crawler(r.context.userAgent) as is_bot,
    ai_agent(r.context.userAgent) as agent,
    case
        when somebody(r.context.sessionId) is not null then concat_ws('/', r.anonymousId, r.context.sessionId)
    end as tracker_session_id,
    coalesce(
        case
            when r.messageId is null then 'messageId is missing'
            when nullif(trim(r.timestamp), '') is null then 'timestamp is missing'
            when r.anonymousId is null and r.userId is null then 'anonymousId and userId are both missing'
            when event_name is null then 'event is missing'
        end,
        unread_instant('timestamp', r.timestamp),
        unread_number('properties.quantity', r.properties.quantity),
        unread_amount('properties.price', r.properties.price),
        unread_amount('properties.revenue', r.properties.revenue),
        unread_amount('properties.value', r.properties.value),
        unread_amount('properties.total', r.properties.total),
        unread_amount('properties.shipping', r.properties.shipping),
        unread_number('properties.products.quantity', product.quantity),
        unread_amount('properties.products.price', product.price)
    ) as reject_reason
from values_read
