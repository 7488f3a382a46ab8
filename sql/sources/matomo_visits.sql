-- Matomo visits log, one page of the API's Live.getLastVisitsDetails, as JSON or XML (gzip too).
-- loads: events
-- reads: json, xml
-- needs: idVisit, actionDetails
-- each: actionDetails
-- shape: {
--   "idSite": "VARCHAR", "idVisit": "VARCHAR", "visitorId": "VARCHAR", "userId": "VARCHAR",
--   "firstActionTimestamp": "VARCHAR", "lastActionTimestamp": "VARCHAR", "siteCurrency": "VARCHAR",
--   "deviceType": "VARCHAR", "deviceTypeIcon": "VARCHAR",
--   "referrerType": "VARCHAR", "referrerName": "VARCHAR", "referrerUrl": "VARCHAR",
--   "campaignSource": "VARCHAR", "campaignMedium": "VARCHAR", "campaignName": "VARCHAR",
--   "actionDetails": {
--     "type": "VARCHAR", "url": "VARCHAR", "timestamp": "VARCHAR", "pageId": "VARCHAR", "goalId": "VARCHAR",
--     "goalPageId": "VARCHAR", "eventCategory": "VARCHAR", "eventAction": "VARCHAR",
--     "productViewSku": "VARCHAR", "productViewName": "VARCHAR", "productViewPrice": "VARCHAR",
--     "productViewCategories": ["VARCHAR"], "orderId": "VARCHAR", "revenue": "VARCHAR", "revenueShipping": "VARCHAR",
--     "itemDetails": [{"itemSKU": "VARCHAR", "itemName": "VARCHAR", "price": "VARCHAR", "quantity": "VARCHAR"}]}}
-- An action's `timestamp` is no Unix time: it counts the seconds of the clock on the wall of the site's time zone. The
-- visit's firstActionTimestamp is one, so the two give the site's offset, to the quarter of an hour; without it the
-- shop's time zone is taken. The id is made of what Matomo numbers: pageId of an action, the order, the goal and its
-- page; the one cart that a visit can leave has none. JSON has false, and XML 0, where a visit names nobody.
-- That a cart is abandoned is Matomo's own judgement when a visit ends without an order: no person caused that event.
-- A visit that went on after an export is given anew as a whole, without the abandoned cart if it was ordered since.
with action_fields as (
    select
        line,
        position,
        r,
        nullif(trim(r.idVisit), '') as visit,
        nullif(trim(r.actionDetails.type), '') as action_type,
        nullif(trim(r.actionDetails.timestamp), '') as given_at,
        list_transform(
            [r.actionDetails.timestamp, r.firstActionTimestamp, r.lastActionTimestamp],
            lambda given: case when read_count(given) between 0 and 4102444800 then read_count(given) end
        ) as counted,
        case when lower(trim(r.visitorId)) not in ('', 'false', '0') then trim(r.visitorId) end as visitor,
        case when lower(trim(r.userId)) not in ('', 'false', '0') then trim(r.userId) end as user_id,
        nullif(trim(r.actionDetails.productViewSku), '') as viewed_sku,
        nullif(trim(r.actionDetails.productViewName), '') as viewed_name,
        len(r.actionDetails.productViewCategories) > 0 as is_in_category,
        case when len(r.actionDetails.itemDetails) = 1 then r.actionDetails.itemDetails[1] end as item,
        -- The label is in the language of the request, the icon's file name is not.
        regexp_extract(r.deviceTypeIcon, '([a-z_]+)[.][a-z]+$', 1) as device_icon,
        lower(trim(r.deviceType)) as device_type
    from file_rows
),

-- Seconds by which the site's clock is ahead of UTC; what is no time zone's offset is none.
action_times as (
    select
        action_fields.*,
        counted[1] as seconds,
        counted[3] as last_seconds,
        cast(round(
            (min(counted[1]) over (partition by r.idSite, visit) - counted[2]) / 900.0
        ) as bigint) * 900 as ahead
    from action_fields
),

action_places as (
    select
        action_times.*,
        case
            when ahead between -54000 and 54000 then make_timestamp((seconds - ahead) * 1000000)
            else (make_timestamp(seconds * 1000000) at time zone shop.time_zone) at time zone 'UTC'
        end as occurred_at
    from action_times
    cross join settings.shop as shop
)

select
    line,
    concat_ws(
        '/', coalesce(r.idSite, ''), visit,
        case
            when nullif(r.actionDetails.orderId, '') is not null then 'order ' || r.actionDetails.orderId
            when action_type = 'ecommerceAbandonedCart' then 'abandoned cart'
            when action_type = 'goal' and nullif(r.actionDetails.goalPageId, '') is not null
                then 'goal ' || coalesce(r.actionDetails.goalId, '') || ' ' || r.actionDetails.goalPageId
            when nullif(r.actionDetails.pageId, '') is not null then 'page ' || r.actionDetails.pageId
            else 'position ' || position
        end
    ) as event_id,
    case
        when action_type = 'action' and coalesce(viewed_sku, viewed_name) is not null then 'product view'
        when action_type = 'action' and is_in_category then 'category view'
        when action_type = 'goal' then concat_ws(' ', 'goal', nullif(r.actionDetails.goalId, ''))
        when action_type = 'event' and nullif(r.actionDetails.eventAction, '') is not null
            then concat_ws(' / ', nullif(r.actionDetails.eventCategory, ''), r.actionDetails.eventAction)
        else action_type
    end as event_name,
    occurred_at,
    position as sequence,
    visitor as anonymous_id,
    case when not contains(user_id, '@') then user_id end as customer_id,
    pseudonym(case when contains(user_id, '@') then user_id end) as email_hash,
    case
        when action_type <> 'outlink' then regexp_extract(r.actionDetails.url, '^[A-Za-z]+://[^/?#]+([^?#]*)', 1)
    end as url_path,
    url_host(r.referrerUrl) as referrer_host,
    r.campaignSource as campaign_source,
    r.campaignMedium as campaign_medium,
    coalesce(
        nullif(trim(r.campaignName), ''), case when r.referrerType = 'campaign' then r.referrerName end
    ) as campaign_name,
    case
        when device_icon in ('desktop', 'normal') or device_type = 'desktop' then 'desktop'
        when 'tablet' in (device_icon, device_type) then 'tablet'
        when device_icon in ('smartphone', 'feature_phone', 'phablet')
            or device_type in ('smartphone', 'feature phone', 'phablet') then 'mobile'
    end as device,
    coalesce(viewed_sku, nullif(trim(item.itemSKU), '')) as product_id,
    read_number(item.quantity) as quantity,
    coalesce(read_amount(r.actionDetails.productViewPrice), read_amount(item.price)) as price,
    list_transform(r.actionDetails.itemDetails, lambda i: {
        'product_id': i.itemSKU, 'product_name': i.itemName, 'quantity': i.quantity, 'price': i.price
    }) as items,
    read_amount(r.actionDetails.revenue) as value,
    r.siteCurrency as currency,
    r.actionDetails.orderId as order_id,
    read_amount(r.actionDetails.revenueShipping) as shipping,
    action_type is distinct from 'ecommerceAbandonedCart' as is_person_caused,
    visit as tracker_session_id,
    case when last_seconds is not null then concat_ws('/', coalesce(r.idSite, ''), visit) end as part,
    lpad(cast(last_seconds as text), 10, '0') as delivery,
    coalesce(
        case
            when visit is null then 'idVisit is missing'
            when r.actionDetails is null then 'the visit has no actions'
            when action_type is null then 'type is missing'
            when given_at is null then 'timestamp is missing'
            when visitor is null and user_id is null then 'visitorId and userId are both missing'
        end,
        unread_count('timestamp', given_at),
        case when seconds is null then 'timestamp is impossible: ' || given_at end,
        unread_count('firstActionTimestamp', r.firstActionTimestamp),
        unread_count('lastActionTimestamp', r.lastActionTimestamp),
        unread_amount('productViewPrice', r.actionDetails.productViewPrice),
        unread_amount('revenue', r.actionDetails.revenue),
        unread_amount('revenueShipping', r.actionDetails.revenueShipping),
        unread_number('itemDetails.quantity', item.quantity),
        unread_amount('itemDetails.price', item.price)
    ) as reject_reason
from action_places
