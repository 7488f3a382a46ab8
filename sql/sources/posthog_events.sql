-- PostHog batch export, `events` model, JSON lines (gzip too).
-- loads: events
-- reads: jsonl
-- needs: uuid, event, distinct_id, properties
-- shape: {"uuid": "VARCHAR", "event": "VARCHAR", "timestamp": "VARCHAR", "distinct_id": "VARCHAR",
--   "person_id": "VARCHAR", "properties": "JSON", "person_properties": "JSON"}
-- Who: person_id is PostHog's own stitching, but a row keeps the person of the moment it was ingested: what a browser
-- did before its first log-in stays with another person_id than what it did after. So events of a browser nobody has
-- logged in on go by the browser's own distinct_id, which $identify names again ($anon_distinct_id) together with the
-- shop's id ($user_id); all others go by person_id. The three are one person by the evidence of these rows.
-- A distinct_id or $user_id that is an e-mail is hashed. Delivery is at least once: staging keeps one row per uuid.
with event_fields as (
    select
        line,
        r,
        -- A JSON string of an object by some destinations and versions, the object itself by others.
        nullif(trim(r.properties ->> '$'), '') as properties,
        nullif(trim(r.person_properties ->> '$'), '') as person_properties
    from file_rows
),

objects as (
    select
        line,
        r,
        case when json_valid(properties) then cast(properties as json) end as properties,
        case when json_valid(person_properties) then cast(person_properties as json) end as person_properties,
        case
            when not json_valid(properties) then 'properties is not valid JSON'
            when not json_valid(person_properties) then 'person_properties is not valid JSON'
        end as broken
    from event_fields
),

values_read as (
    select
        line,
        nullif(trim(r.uuid), '') as uuid,
        nullif(trim(r.event), '') as event_name,
        nullif(trim(r.timestamp), '') as given_at,
        read_instant(r.timestamp, 'UTC') as occurred_at,
        nullif(trim(r.person_id), '') as person_id,
        nullif(trim(r.distinct_id), '') as distinct_id,
        coalesce(
            broken,
            unread_object('properties', properties, '$'),
            unread_object('properties.$set', properties, '$."$set"'),
            unread_list('properties.products', properties, '$.products'),
            unread_elements('properties.products', properties, '$.products[*]'),
            unread_object('person_properties', person_properties, '$')
        ) as misread,
        json_transform(properties, '{
            "$current_url": "VARCHAR", "$pathname": "VARCHAR", "$referrer": "VARCHAR", "$device_type": "VARCHAR",
            "$device_id": "VARCHAR", "$user_id": "VARCHAR", "$anon_distinct_id": "VARCHAR", "$lib": "VARCHAR",
            "utm_source": "VARCHAR", "utm_medium": "VARCHAR", "utm_campaign": "VARCHAR",
            "product_id": "VARCHAR", "sku": "VARCHAR", "quantity": "VARCHAR", "price": "VARCHAR",
            "products": [{"product_id": "VARCHAR", "sku": "VARCHAR", "name": "VARCHAR", "quantity": "VARCHAR",
                "price": "VARCHAR"}],
            "revenue": "VARCHAR", "value": "VARCHAR", "total": "VARCHAR", "currency": "VARCHAR",
            "cart_id": "VARCHAR", "order_id": "VARCHAR", "error": "VARCHAR", "$exception_type": "VARCHAR",
            "$raw_user_agent": "VARCHAR", "$session_id": "VARCHAR",
            "$set": {"email": "VARCHAR"}}') as p,
        json_transform(person_properties, '{
            "email": "VARCHAR"}') as person
    from objects
),

persons as (
    select
        *,
        case when len(p.products) = 1 then p.products[1] end as product,
        nullif(trim(p."$user_id"), '') as user_id,
        case
            when event_name = '$identify' and nullif(trim(p."$user_id"), '') is not null
                then coalesce(nullif(trim(p."$anon_distinct_id"), ''), person_id, distinct_id)
            when nullif(trim(p."$device_id"), '') is not null and nullif(trim(p."$user_id"), '') is null
                then coalesce(distinct_id, person_id)
            else coalesce(person_id, distinct_id)
        end as browser_or_person
    from values_read
)

select
    line,
    uuid as event_id,
    event_name,
    occurred_at,
    case when contains(browser_or_person, '@') then person_id else browser_or_person end as anonymous_id,
    case when not contains(user_id, '@') then user_id end as customer_id,
    pseudonym(coalesce(
        nullif(trim(p."$set".email), ''),
        nullif(trim(person.email), ''),
        case when contains(user_id, '@') then user_id end,
        case when contains(distinct_id, '@') then distinct_id end
    )) as email_hash,
    coalesce(p."$pathname", regexp_extract(p."$current_url", '^[A-Za-z]+://[^/?#]+([^?#]*)', 1)) as url_path,
    url_host(p."$referrer") as referrer_host,
    p.utm_source as campaign_source,
    p.utm_medium as campaign_medium,
    p.utm_campaign as campaign_name,
    lower(p."$device_type") as device,
    coalesce(p.product_id, p.sku, product.product_id, product.sku) as product_id,
    coalesce(read_number(p.quantity), read_number(product.quantity)) as quantity,
    coalesce(read_amount(p.price), read_amount(product.price)) as price,
    list_transform(p.products, lambda i: {
        'product_id': coalesce(i.product_id, i.sku), 'product_name': i.name, 'quantity': i.quantity, 'price': i.price
    }) as items,
    coalesce(read_amount(p.revenue), read_amount(p.value), read_amount(p.total)) as value,
    p.currency as currency,
    p.cart_id as cart_id,
    p.order_id as order_id,
    coalesce(p.error, p."$exception_type") as error,
    not regexp_matches(coalesce(p."$lib", ''), '^posthog-(python|node|php|ruby|go|java|dotnet|elixir|rust)$')
    and event_name not in ('$set', '$groupidentify', '$create_alias', '$merge_dangerously')
    and not is_shops_doing(event_name) as is_person_caused,
    is_crawler(p."$raw_user_agent") as is_bot,
    ai_agent(p."$raw_user_agent") as agent,
    nullif(trim(p."$session_id"), '') as tracker_session_id,
    coalesce(
        case
            when uuid is null then 'uuid is missing'
            when event_name is null then 'event is missing'
            when given_at is null then 'timestamp is missing'
            when person_id is null and distinct_id is null then 'person_id and distinct_id are both missing'
        end,
        misread,
        unread_instant('timestamp', given_at),
        unread_number('properties.quantity', p.quantity),
        unread_amount('properties.price', p.price),
        unread_amount('properties.revenue', p.revenue),
        unread_amount('properties.value', p.value),
        unread_amount('properties.total', p.total)
    ) as reject_reason
from persons
