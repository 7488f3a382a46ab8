-- Segment or RudderStack track and page calls, JSON lines (gzip too).
-- loads: events
-- reads: jsonl
-- needs: messageId, timestamp, type
-- Time: `timestamp`, which the source corrects for the device's clock; not sentAt. Delivery is at least once: the
-- same messageId may come again, and staging keeps one. Calls from a server, e-mails sent and changes of an order are
-- not caused by a person: they open and extend no session.
with parsed as (
    select
        line,
        json_transform(record, '{
            "messageId": "VARCHAR", "type": "VARCHAR", "event": "VARCHAR", "name": "VARCHAR",
            "anonymousId": "VARCHAR", "userId": "VARCHAR", "timestamp": "VARCHAR", "channel": "VARCHAR",
            "context": {
                "page": {"url": "VARCHAR", "path": "VARCHAR", "referrer": "VARCHAR"},
                "campaign": {"source": "VARCHAR", "medium": "VARCHAR", "name": "VARCHAR"},
                "device": {"type": "VARCHAR"}, "traits": {"email": "VARCHAR"}},
            "properties": {
                "product_id": "VARCHAR", "sku": "VARCHAR", "quantity": "DOUBLE", "price": "DOUBLE", "value": "DOUBLE",
                "revenue": "DOUBLE", "total": "DOUBLE", "currency": "VARCHAR", "cart_id": "VARCHAR",
                "order_id": "VARCHAR", "error": "VARCHAR", "email": "VARCHAR"},
            "traits": {"email": "VARCHAR"}}') as r,
    from file_rows
),

typed as (
    select
        line,
        r,
        try_cast(r.timestamp as timestamptz) at time zone 'UTC' as occurred_at,
        coalesce(r.event, r.name, r.type) as event_name,
    from parsed
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
    regexp_extract(r.context.page.referrer, '^[a-z]+://([^/?#:]+)', 1) as referrer_host,
    r.context.campaign.source as campaign_source,
    r.context.campaign.medium as campaign_medium,
    r.context.campaign.name as campaign_name,
    lower(r.context.device.type) as device,
    coalesce(r.properties.product_id, r.properties.sku) as product_id,
    r.properties.quantity as quantity,
    r.properties.price as price,
    coalesce(r.properties.revenue, r.properties.value, r.properties.total) as value,
    r.properties.currency as currency,
    r.properties.cart_id as cart_id,
    r.properties.order_id as order_id,
    r.properties.error as error,
    coalesce(r.channel, '') <> 'server'
    and event_name not in (
        'Email Sent', 'Email Delivered', 'Email Bounced', 'Order Updated', 'Order Refunded', 'Order Cancelled'
    ) as is_person_caused,
    case
        when r.messageId is null then 'messageId is missing'
        when r.timestamp is null then 'timestamp is missing'
        when occurred_at is null then 'timestamp is not an ISO 8601 instant: ' || r.timestamp
        when r.anonymousId is null and r.userId is null then 'anonymousId and userId are both missing'
        when event_name is null then 'event is missing'
    end as reject_reason
from typed
