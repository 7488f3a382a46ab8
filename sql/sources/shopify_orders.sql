-- Shopify admin, Orders > Export: one row per line item, 79 columns today, 47 in older files.
-- loads: order_rows
-- reads: csv
-- namespace: shopify
-- needs: Name, Created at, Lineitem quantity, Lineitem name, Lineitem price
-- Order-level columns stand on the first row of an order only; staging.orders brings a row's order together by
-- `Name`, and never sums `Total`. Times carry the shop's offset. Delivery is not in Shopify's export: apps write
-- it to the note attributes (`delivered_at: …; promised_on: …`), which are read where they are. So is the time of a
-- refund or a return (`refunded_at: …; returned_at: …`): Shopify's export has the amount alone. Files of 47 columns
-- have no Refunded Amount: of an order whose status is refunded, it is all of the total. A Source of `pos` is a till.
with values_read as (
    select
        *,
        try_strptime("Created at", '%Y-%m-%d %H:%M:%S %z') at time zone 'UTC' as ordered_at,
        try_cast("Lineitem quantity" as double) as quantity,
        try_cast("Lineitem price" as decimal(18, 4)) as unit_price,
        try_cast(nullif("Discount Amount", '') as decimal(18, 4)) as discount_amount,
        row_number() over (partition by file_number, "Name" order by line) as position
    from file_rows
)

select
    line,
    nullif("Name", '') as order_id,
    'line ' || position as row_key,
    nullif("Id", '') as order_reference,
    pseudonym(nullif("Email", '')) as email_hash,
    ordered_at,
    try_strptime("Paid at", '%Y-%m-%d %H:%M:%S %z') at time zone 'UTC' as paid_at,
    try_strptime("Fulfilled at", '%Y-%m-%d %H:%M:%S %z') at time zone 'UTC' as shipped_at,
    try_strptime(
        nullif(regexp_extract("Note Attributes", 'delivered_at: ([0-9: -]+ [+-][0-9]{4})', 1), ''),
        '%Y-%m-%d %H:%M:%S %z'
    ) at time zone 'UTC' as delivered_at,
    try_cast(nullif(regexp_extract("Note Attributes", 'promised_on: ([0-9-]{10})', 1), '') as date) as promised_on,
    try_strptime("Cancelled at", '%Y-%m-%d %H:%M:%S %z') at time zone 'UTC' as cancelled_at,
    try_strptime(
        nullif(regexp_extract("Note Attributes", 'refunded_at: ([0-9: -]+ [+-][0-9]{4})', 1), ''),
        '%Y-%m-%d %H:%M:%S %z'
    ) at time zone 'UTC' as refunded_at,
    try_strptime(
        nullif(regexp_extract("Note Attributes", 'returned_at: ([0-9: -]+ [+-][0-9]{4})', 1), ''),
        '%Y-%m-%d %H:%M:%S %z'
    ) at time zone 'UTC' as returned_at,
    nullif("Financial Status", '') as status,
    case
        when lower(trim("Payment Method")) in ('bogus', 'bogus gateway', '(for testing) bogus gateway') then 'test'
        else case plain_status("Financial Status")
            when 'authorized' then 'placed'
            when 'partially-paid' then 'placed'
            when 'pending' then 'pending'
            when 'paid' then 'paid'
            when 'partially-refunded' then 'partly_refunded'
            when 'refunded' then 'refunded'
            when 'voided' then 'cancelled'
            when 'expired' then 'expired'
        end
    end as state,
    nullif("Currency", '') as currency,
    try_cast(nullif("Subtotal", '') as decimal(18, 4)) as subtotal,
    discount_amount as discount,
    try_cast(nullif("Shipping", '') as decimal(18, 4)) as shipping,
    try_cast(nullif("Taxes", '') as decimal(18, 4)) as tax,
    try_cast(nullif("Total", '') as decimal(18, 4)) as total,
    coalesce(
        try_cast(nullif("Refunded Amount", '') as decimal(18, 4)),
        case when "Financial Status" = 'refunded' then try_cast(nullif("Total", '') as decimal(18, 4)) end
    ) as refunded,
    case when lower(trim("Source")) = 'pos' then 'store' end as sales_channel,
    nullif("Payment Method", '') as payment_method,
    nullif("Lineitem sku", '') as product_id,
    nullif("Lineitem name", '') as product_name,
    quantity,
    unit_price,
    case
        when coalesce("Name", '') = '' then 'Name is empty'
        when ordered_at is null
            then 'Created at is not a time as 2026-07-01 10:00:00 +0200: ' || coalesce("Created at", '')
        when quantity is null then 'Lineitem quantity is not a number: ' || coalesce("Lineitem quantity", '')
        when quantity < 0 then 'Lineitem quantity is negative: ' || "Lineitem quantity"
        when unit_price is null then 'Lineitem price is not an amount: ' || coalesce("Lineitem price", '')
    end as reject_reason
from values_read
