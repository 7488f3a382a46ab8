-- REES46 events, a CSV: views, cart changes and purchases of a shop, one product a row.
-- loads: events
-- reads: csv
-- needs: event_time, event_type, product_id, price, user_id
-- The file has no id of an event: it is the md5 of the row's values, so that a row repeated exactly is a duplicate.
-- user_id is REES46's id of a visitor, given on the first view and without a login: it is the anonymous id, and no
-- account of the shop. A row is about one piece. No order has an id here: a purchase of three products is three rows.
with values_read as (
    select
        *,
        try_strptime("event_time", '%Y-%m-%d %H:%M:%S UTC') as occurred_at,
        read_amount("price") as given_price
    from file_rows
)

select
    line,
    md5(concat_ws(
        chr(2),
        coalesce("event_time", ''), coalesce("event_type", ''), coalesce("product_id", ''), coalesce("category_id", ''),
        coalesce("category_code", ''), coalesce("brand", ''), coalesce("price", ''), coalesce("user_id", ''),
        coalesce("user_session", '')
    )) as event_id,
    nullif("event_type", '') as event_name,
    occurred_at,
    nullif("user_id", '') as anonymous_id,
    nullif("user_session", '') as tracker_session_id,
    nullif("product_id", '') as product_id,
    1 as quantity,
    given_price as price,
    coalesce(
        case
            when coalesce("event_type", '') = '' then 'event_type is empty'
            when occurred_at is null
                then 'event_time is not a time as 2019-10-01 00:00:00 UTC: ' || coalesce("event_time", '')
            when coalesce("user_id", '') = '' then 'user_id is empty'
            when coalesce("product_id", '') = '' then 'product_id is empty'
            when given_price < 0 then 'price is negative: ' || "price"
        end,
        unread_amount('price', "price")
    ) as reject_reason
from values_read
