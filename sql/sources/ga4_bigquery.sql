-- Google Analytics 4, BigQuery export (`events_YYYYMMDD`), Parquet or one JSON object per event, as `bq extract` writes it.
-- loads: events
-- reads: jsonl, parquet
-- needs: event_name, event_timestamp, user_pseudo_id
-- shape: {
--     "event_date": "VARCHAR", "event_name": "VARCHAR", "event_timestamp": "VARCHAR",
--     "event_bundle_sequence_id": "VARCHAR",
--     "batch_page_id": "VARCHAR", "batch_ordering_id": "VARCHAR", "batch_event_index": "VARCHAR",
--     "user_id": "VARCHAR", "user_pseudo_id": "VARCHAR",
--     "event_params": [{"key": "VARCHAR", "value": {
--         "string_value": "VARCHAR", "int_value": "VARCHAR", "float_value": "VARCHAR", "double_value": "VARCHAR"}}],
--     "device": {"category": "VARCHAR"},
--     "collected_traffic_source": {
--         "manual_source": "VARCHAR", "manual_medium": "VARCHAR", "manual_campaign_name": "VARCHAR"},
--     "ecommerce": {"transaction_id": "VARCHAR", "purchase_revenue": "VARCHAR", "shipping_value": "VARCHAR"},
--     "items": [{"item_id": "VARCHAR", "item_name": "VARCHAR", "quantity": "VARCHAR", "price": "VARCHAR"}]}
-- The export has no id of an event: it is made from what makes a row, so that the same row exported again gives the
-- same id. Parameters are compared by name and value, whatever their order and whether empty values are written; the
-- items belong to it, for in exports from before the batch columns nothing else tells two adds of one instant apart.
-- The events that one request sends share a microsecond. They are ordered by page (batch_page_id, milliseconds
-- since 1970: 41 bits), request (14 bits) and place in the request (8 bits), in one number.
-- Google restates a day for three days, and completes what the intraday table had: a day (`part`) of the daily table
-- replaces that of the intraday one, and a later folder's that of an earlier. A day's several files lie in one folder.
-- A refund is the shop's doing, no visit. An event with one item is about that product too; one with several names none by itself.
-- ga_session_id is the second in which a session began: only together with user_pseudo_id it is a session's.
-- A value in parentheses, as (not set), (direct) or (none), stands for no value.
with event_fields as (
    select
        line,
        file_number,
        r,
        nullif(trim(r.event_name), '') as event_name,
        nullif(trim(r.event_timestamp), '') as given_at,
        read_count(r.event_timestamp) as microseconds,
        nullif(trim(r.user_pseudo_id), '') as user_pseudo_id,
        nullif(trim(r.user_id), '') as user_id,
        case when len(r.items) = 1 then r.items[1] end as item,
        list_transform(r.event_params, lambda p: p.key) as names,
        list_transform(
            r.event_params,
            lambda p: coalesce(p.value.string_value, p.value.int_value, p.value.double_value, p.value.float_value)
        ) as given
    from file_rows
),

named_events as (
    select
        *,
        given[list_position(names, 'page_location')] as page_location,
        given[list_position(names, 'page_referrer')] as page_referrer,
        given[list_position(names, 'value')] as given_value,
        given[list_position(names, 'currency')] as currency,
        case
            when not regexp_matches(given[list_position(names, 'ga_session_id')], '^[(].*[)]$')
                then given[list_position(names, 'ga_session_id')]
        end as session_id,
        coalesce(
            nullif(trim(r.ecommerce.transaction_id), ''),
            given[list_position(names, 'transaction_id')]
        ) as transaction_id,
        read_amount(r.ecommerce.purchase_revenue) as revenue,
        given[list_position(names, 'shipping')] as given_shipping,
        coalesce(r.batch_page_id, given[list_position(names, 'batch_page_id')]) as given_page,
        coalesce(r.batch_ordering_id, given[list_position(names, 'batch_ordering_id')]) as given_request,
        cast(read_count(coalesce(
            r.batch_page_id, given[list_position(names, 'batch_page_id')]
        )) as hugeint) as batch_page,
        cast(read_count(coalesce(
            r.batch_ordering_id, given[list_position(names, 'batch_ordering_id')]
        )) as hugeint) as batch_request,
        cast(read_count(r.batch_event_index) as hugeint) as batch_event,
        case
            when coalesce(
                r.collected_traffic_source.manual_source, r.collected_traffic_source.manual_medium,
                r.collected_traffic_source.manual_campaign_name
            ) is not null
                then [
                    r.collected_traffic_source.manual_source, r.collected_traffic_source.manual_medium,
                    r.collected_traffic_source.manual_campaign_name
                ]
            else [
                given[list_position(names, 'source')],
                given[list_position(names, 'medium')],
                given[list_position(names, 'campaign')]
            ]
        end as campaign
    from event_fields
)

select
    line,
    md5(concat_ws(
        chr(31), coalesce(user_pseudo_id, ''), coalesce(given_at, ''), coalesce(event_name, ''),
        coalesce(r.event_bundle_sequence_id, ''), coalesce(r.batch_page_id, ''), coalesce(r.batch_ordering_id, ''),
        coalesce(r.batch_event_index, ''),
        coalesce(array_to_string(
            list_sort(list_transform(names, lambda name, i: coalesce(name, '') || chr(29) || coalesce(given[i], ''))),
            chr(30)
        ), ''),
        coalesce(array_to_string(list_transform(
            r.items, lambda i: concat_ws(chr(29), coalesce(i.item_id, ''), coalesce(i.quantity, ''))
        ), chr(30)), '')
    )) as event_id,
    event_name,
    case when microseconds between 0 and 4102444800000000 then make_timestamp(microseconds) end as occurred_at,
    case
        when coalesce(batch_page, batch_request, batch_event) is not null
            then try_cast(
                coalesce(batch_page, 0) * 4194304
                + least(coalesce(batch_request, 0), 16383) * 256
                + least(coalesce(batch_event, 0), 255) as bigint
            )
    end as sequence,
    user_pseudo_id as anonymous_id,
    case when not contains(user_id, '@') then user_id end as customer_id,
    pseudonym(case when contains(user_id, '@') then user_id end) as email_hash,
    regexp_extract(page_location, '^[A-Za-z]+://[^/?#]+([^?#]*)', 1) as url_path,
    url_host(page_referrer) as referrer_host,
    case when not regexp_matches(campaign[1], '^[(].*[)]$') then campaign[1] end as campaign_source,
    case when not regexp_matches(campaign[2], '^[(].*[)]$') then campaign[2] end as campaign_medium,
    case when not regexp_matches(campaign[3], '^[(].*[)]$') then campaign[3] end as campaign_name,
    lower(r.device.category) as device,
    case when not regexp_matches(item.item_id, '^[(].*[)]$') then item.item_id end as product_id,
    read_number(item.quantity) as quantity,
    read_amount(item.price) as price,
    list_transform(r.items, lambda i: {
        'product_id': case when not regexp_matches(i.item_id, '^[(].*[)]$') then i.item_id end,
        'product_name': case when not regexp_matches(i.item_name, '^[(].*[)]$') then i.item_name end,
        'quantity': i.quantity,
        'price': i.price
    }) as items,
    coalesce(nullif(revenue, 0), read_amount(given_value), revenue) as value,
    currency,
    case when not regexp_matches(transaction_id, '^[(].*[)]$') then transaction_id end as order_id,
    event_name <> 'refund' as is_person_caused,
    given[list_position(names, 'payment_type')] as payment_method,
    coalesce(read_amount(r.ecommerce.shipping_value), read_amount(given_shipping)) as shipping,
    given[list_position(names, 'coupon')] as coupon,
    user_pseudo_id || '/' || somebody(session_id) as tracker_session_id,
    r.event_date as part,
    case when contains(this_file(file_number).name, 'intraday') then '1 intraday ' else '2 daily ' end
    || this_file(file_number).folder_order as delivery,
    coalesce(
        case
            when event_name is null then 'event_name is missing'
            when given_at is null then 'event_timestamp is missing'
            when microseconds not between 0 and 4102444800000000 then 'event_timestamp is impossible: ' || given_at
            when user_pseudo_id is null then 'user_pseudo_id is missing'
        end,
        unread_count('event_timestamp', r.event_timestamp),
        unread_count('batch_page_id', given_page),
        unread_count('batch_ordering_id', given_request),
        unread_count('batch_event_index', r.batch_event_index),
        unread_amount('ecommerce.purchase_revenue', r.ecommerce.purchase_revenue),
        unread_amount('event_params.value', given_value),
        unread_amount('ecommerce.shipping_value', r.ecommerce.shipping_value),
        unread_amount('event_params.shipping', given_shipping),
        unread_number('items.quantity', item.quantity),
        unread_amount('items.price', item.price)
    ) as reject_reason
from named_events
