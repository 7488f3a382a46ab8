-- Snowplow enriched events, tab-separated without a header, as the pipeline writes them (gzip too).
-- loads: events
-- reads: tsv
-- columns: app_id, platform, etl_tstamp, collector_tstamp, dvce_created_tstamp, event, event_id, txn_id,
--   name_tracker, v_tracker, v_collector, v_etl, user_id, user_ipaddress, user_fingerprint, domain_userid,
--   domain_sessionidx, network_userid, geo_country, geo_region, geo_city, geo_zipcode, geo_latitude,
--   geo_longitude, geo_region_name, ip_isp, ip_organization, ip_domain, ip_netspeed, page_url, page_title,
--   page_referrer, page_urlscheme, page_urlhost, page_urlport, page_urlpath, page_urlquery, page_urlfragment,
--   refr_urlscheme, refr_urlhost, refr_urlport, refr_urlpath, refr_urlquery, refr_urlfragment, refr_medium,
--   refr_source, refr_term, mkt_medium, mkt_source, mkt_term, mkt_content, mkt_campaign, contexts,
--   se_category, se_action, se_label, se_property, se_value, unstruct_event, tr_orderid, tr_affiliation,
--   tr_total, tr_tax, tr_shipping, tr_city, tr_state, tr_country, ti_orderid, ti_sku, ti_name, ti_category,
--   ti_price, ti_quantity, pp_xoffset_min, pp_xoffset_max, pp_yoffset_min, pp_yoffset_max, useragent, br_name,
--   br_family, br_version, br_type, br_renderengine, br_lang, br_features_pdf, br_features_flash,
--   br_features_java, br_features_director, br_features_quicktime, br_features_realplayer,
--   br_features_windowsmedia, br_features_gears, br_features_silverlight, br_cookies, br_colordepth,
--   br_viewwidth, br_viewheight, os_name, os_family, os_manufacturer, os_timezone, dvce_type, dvce_ismobile,
--   dvce_screenwidth, dvce_screenheight, doc_charset, doc_width, doc_height, tr_currency, tr_total_base,
--   tr_tax_base, tr_shipping_base, ti_currency, ti_price_base, base_currency, geo_timezone, mkt_clickid,
--   mkt_network, etl_tags, dvce_sent_tstamp, refr_domain_userid, refr_device_tstamp, derived_contexts,
--   domain_sessionid, derived_tstamp, event_vendor, event_name, event_format, event_version,
--   event_fingerprint, true_tstamp
-- Time: `derived_tstamp`, which is corrected for the device's clock, else the collector's; both are UTC. Delivery is at
-- least once: the same event_id may come again, and staging keeps one. A structured event is named by its se_action,
-- an action of the Snowplow e-commerce plugin by its type; its products, cart and order are entities of the contexts. An
-- event with one product is about it too.
-- Bots: what the IAB or YAUAA enrichment, or the old user agent parser, calls one. A tracker on a server (platform srv)
-- sends what no person did there. user_ipaddress, geo_*, page titles and queries are not read.
with event_fields as (
    select
        line,
        "event_id" as event_id,
        "event" as event_type,
        nullif(trim("event_name"), '') as given_name,
        "se_action" as se_action,
        nullif(trim(coalesce("derived_tstamp", "collector_tstamp")), '') as given_at,
        nullif(trim("domain_userid"), '') as domain_userid,
        nullif(trim("network_userid"), '') as network_userid,
        nullif(trim("user_id"), '') as user_id,
        nullif(trim("domain_sessionid"), '') as domain_sessionid,
        "platform" as platform,
        "page_urlpath" as page_urlpath,
        "refr_urlhost" as refr_urlhost,
        "mkt_source" as mkt_source,
        "mkt_medium" as mkt_medium,
        "mkt_campaign" as mkt_campaign,
        lower("dvce_type") as dvce_type,
        "br_type" as br_type,
        "useragent" as useragent,
        "tr_orderid" as tr_orderid,
        "tr_total" as tr_total,
        "tr_shipping" as tr_shipping,
        "tr_currency" as tr_currency,
        "ti_orderid" as ti_orderid,
        "ti_sku" as ti_sku,
        "ti_price" as ti_price,
        "ti_quantity" as ti_quantity,
        "ti_currency" as ti_currency,
        not(
            coalesce(json_valid("contexts"), true) and coalesce(json_valid("derived_contexts"), true)
            and coalesce(json_valid("unstruct_event"), true)
        ) as is_broken,
        case when json_valid("unstruct_event") then cast("unstruct_event" as json) end as unstruct_event,
        case when json_valid("contexts") then cast("contexts" as json) end as contexts,
        case when json_valid("derived_contexts") then cast("derived_contexts" as json) end as derived_contexts
    from file_rows
),

self_described as (
    select
        *,
        json_transform(unstruct_event, '{
            "data": {"data": {
                "type": "VARCHAR", "sku": "VARCHAR", "unitPrice": "VARCHAR", "quantity": "VARCHAR",
                "currency": "VARCHAR"}}}').data.data as action,
        json_transform(contexts, '{
            "data": [{"schema": "VARCHAR", "data": {
                "id": "VARCHAR", "name": "VARCHAR", "price": "VARCHAR", "quantity": "VARCHAR", "currency": "VARCHAR",
                "cart_id": "VARCHAR", "transaction_id": "VARCHAR", "revenue": "VARCHAR", "shipping": "VARCHAR",
                "payment_method": "VARCHAR", "coupon_code": "VARCHAR", "discount_code": "VARCHAR",
                "error_code": "VARCHAR", "error_shortcode": "VARCHAR", "spiderOrRobot": "VARCHAR"}}]}').data as given_entities,
        json_transform(derived_contexts, '{
            "data": [{"schema": "VARCHAR", "data": {"spiderOrRobot": "VARCHAR", "deviceClass": "VARCHAR"}}]}'
        ).data as derived_entities,
        coalesce(
            unread_object('unstruct_event', unstruct_event, '$'),
            unread_object('unstruct_event.data', unstruct_event, '$.data'),
            unread_object('unstruct_event.data.data', unstruct_event, '$.data.data'),
            unread_object('contexts', contexts, '$'),
            unread_list('contexts.data', contexts, '$.data'),
            unread_elements('contexts.data', contexts, '$.data[*]'),
            unread_object('derived_contexts', derived_contexts, '$'),
            unread_list('derived_contexts.data', derived_contexts, '$.data'),
            unread_elements('derived_contexts.data', derived_contexts, '$.data[*]')
        ) as misread
    from event_fields
),

-- Entities of one kind: iglu:<vendor>/<name>/jsonschema/<version>.
own_contexts as (
    select
        *,
        list_filter(given_entities, lambda e: contains(e.schema, '.ecommerce/product/')) as products,
        list_filter(given_entities, lambda e: contains(e.schema, '.ecommerce/cart/'))[1].data as cart,
        list_filter(given_entities, lambda e: contains(e.schema, '.ecommerce/transaction/'))[1].data as transaction,
        list_filter(given_entities, lambda e: contains(e.schema, '.ecommerce/checkout_step/'))[1].data as checkout,
        list_filter(given_entities, lambda e: contains(e.schema, '.ecommerce/transaction_error/'))[1].data as failure,
        list_filter(derived_entities, lambda e: contains(e.schema, '/yauaa_context/'))[1].data.deviceClass as device_class,
        list_concat(
            list_transform(given_entities, lambda e: e.data.spiderOrRobot),
            list_transform(derived_entities, lambda e: e.data.spiderOrRobot)
        ) as listed,
        -- Of entities that are not read, data may be anything.
        case
            when
                coalesce(
                    unread_elements('', contexts, '$.data[*].data'), unread_elements('', derived_contexts, '$.data[*].data')
                ) is not null
                then list_concat(
                    try_cast(contexts -> '$.data' as json[]), try_cast(derived_contexts -> '$.data' as json[])
                )
        end as odd_entities
    from self_described
),

event_names as (
    select
        *,
        case when len(products) = 1 then products[1].data end as product,
        list_sort(list_distinct(list_transform(products, lambda e: upper(e.data.currency)))) as currencies,
        read_instant(given_at, 'UTC') as occurred_at,
        coalesce(
            case
                when event_type = 'struct' then nullif(trim(se_action), '')
                when given_name = 'snowplow_ecommerce_action' then nullif(trim(action.type), '')
            end,
            given_name,
            nullif(trim(event_type), '')
        ) as event_name
    from own_contexts
)

select
    line,
    event_id,
    event_name,
    occurred_at,
    coalesce(domain_userid, network_userid) as anonymous_id,
    case when not contains(user_id, '@') then user_id end as customer_id,
    pseudonym(case when contains(user_id, '@') then user_id end) as email_hash,
    page_urlpath as url_path,
    lower(refr_urlhost) as referrer_host,
    mkt_source as campaign_source,
    mkt_medium as campaign_medium,
    mkt_campaign as campaign_name,
    case
        when dvce_type = 'computer' or device_class = 'Desktop' then 'desktop'
        when dvce_type = 'tablet' or device_class = 'Tablet' then 'tablet'
        when dvce_type = 'mobile' or device_class in ('Phone', 'Mobile') then 'mobile'
    end as device,
    coalesce(action.sku, ti_sku, product.id) as product_id,
    coalesce(read_number(action.quantity), read_number(ti_quantity), read_number(product.quantity)) as quantity,
    coalesce(read_amount(action.unitPrice), read_amount(ti_price), read_amount(product.price)) as price,
    list_transform(products, lambda e: {
        'product_id': e.data.id, 'product_name': e.data.name, 'quantity': e.data.quantity, 'price': e.data.price
    }) as items,
    coalesce(read_amount(tr_total), read_amount(transaction.revenue)) as value,
    coalesce(
        action.currency, tr_currency, ti_currency, transaction.currency, products[1].data.currency, cart.currency
    ) as currency,
    cart.cart_id as cart_id,
    coalesce(tr_orderid, ti_orderid, transaction.transaction_id) as order_id,
    coalesce(failure.error_shortcode, failure.error_code) as error,
    coalesce(platform, '') <> 'srv' as is_person_caused,
    ai_agent(useragent) is null
    and (
        coalesce(list_contains(list_transform(listed, lambda text: read_flag(text)), true), false)
        or coalesce(br_type, '') = 'Robot' or coalesce(device_class, '') like 'Robot%' or is_crawler(useragent)
    ) as is_bot,
    ai_agent(useragent) as agent,
    domain_sessionid as tracker_session_id,
    coalesce(transaction.payment_method, checkout.payment_method) as payment_method,
    coalesce(read_amount(tr_shipping), read_amount(transaction.shipping)) as shipping,
    coalesce(transaction.discount_code, checkout.coupon_code) as coupon,
    coalesce(
        case
            when nullif(trim(event_id), '') is null then 'event_id is missing'
            when event_name is null then 'event_name and event are both missing'
            when given_at is null then 'derived_tstamp and collector_tstamp are both missing'
            when coalesce(domain_userid, network_userid, user_id) is null
                then 'domain_userid, network_userid and user_id are all missing'
            when len(currencies) > 1
                then 'the products are priced in several currencies: ' || array_to_string(currencies, ', ')
            when is_broken then 'contexts, derived_contexts or unstruct_event is not valid JSON'
        end,
        misread,
        list_filter(
            list_transform(odd_entities, lambda e: case
                when regexp_matches(e ->> '$.schema', '[.]ecommerce/|/spiders_and_robots/|/yauaa_context/')
                    then unread_object('data of ' || (e ->> '$.schema'), e, '$.data')
            end), lambda reason: reason is not null
        )[1],
        unread_instant('derived_tstamp or collector_tstamp', given_at),
        unread_number('unstruct_event.quantity', action.quantity),
        unread_amount('unstruct_event.unitPrice', action.unitPrice),
        unread_number('ti_quantity', ti_quantity),
        unread_amount('ti_price', ti_price),
        unread_amount('tr_total', tr_total),
        unread_amount('tr_shipping', tr_shipping),
        unread_number('product.quantity', product.quantity),
        unread_amount('product.price', product.price),
        unread_amount('transaction.revenue', transaction.revenue),
        unread_amount('transaction.shipping', transaction.shipping),
        list_filter(list_transform(listed, lambda text: unread_flag('spiderOrRobot', text)), lambda s: s is not null)[1]
    ) as reject_reason
from event_names
