-- WooCommerce orders, a CSV of an export plugin: one row per item.
-- loads: order_rows
-- reads: csv
-- needs: Order Number, Order Status, Order Date, Item Cost
-- WooCommerce itself exports no orders; plugins do, each with labels of its own, which the shop may change and
-- translate. These are the English ones of Advanced Order Export: copy this file beside your journey.yaml as
-- sources/<name>.sql and edit the labels in double quotes. Times are without a zone: the shop's. Order-level amounts
-- stand on every row of the order; staging.orders takes the highest, but sums shipping, which is therefore given on
-- the order's first item only. The subtotal is without tax and before coupons: the discount is taken off, and the tax
-- comes on top. Item Cost is without tax and after coupons.
with values_read as (
    select
        file_rows.*,
        shop.time_zone,
        coalesce(
            try_strptime("Order Date", '%Y-%m-%d %H:%M'), try_strptime("Order Date", '%Y-%m-%d %H:%M:%S')
        ) as ordered,
        coalesce(
            try_strptime("Paid Date", '%Y-%m-%d %H:%M'), try_strptime("Paid Date", '%Y-%m-%d %H:%M:%S')
        ) as paid,
        coalesce(
            try_strptime("Modification Date", '%Y-%m-%d %H:%M'),
            try_strptime("Modification Date", '%Y-%m-%d %H:%M:%S')
        ) as modified,
        coalesce("Quantity", "Quantity (- Refund)", '') as given_quantity,
        regexp_replace(plain_status("Order Status"), '^wc-', '', 'g') as order_status,
        coalesce(
            try_cast(nullif("Item #", '') as bigint),
            row_number() over (partition by file_number, "Order Number" order by line)
        ) as item,
        try_cast(coalesce("Quantity", "Quantity (- Refund)") as double) as pieces,
        try_cast("Item Cost" as decimal(18, 4)) as item_cost,
        try_cast(nullif("Order Subtotal Amount", '') as decimal(18, 4)) as given_subtotal,
        try_cast(nullif("Cart Discount Amount", '') as decimal(18, 4)) as given_discount,
        try_cast(nullif("Order Shipping Amount", '') as decimal(18, 4)) as given_shipping,
        try_cast(nullif("Order Total Tax Amount", '') as decimal(18, 4)) as given_tax,
        try_cast(nullif("Order Total Amount", '') as decimal(18, 4)) as given_total,
        try_cast(nullif("Order Refund Amount", '') as decimal(18, 4)) as given_refund
    from file_rows
    cross join settings.shop as shop
),

findings as (
    select
        *,
        case
            when coalesce("Order Number", '') = '' then 'Order Number is empty'
            when ordered is null
                then 'Order Date is not a time as 2026-07-01 10:00: ' || coalesce("Order Date", '')
            when coalesce("Paid Date", '') <> '' and paid is null
                then 'Paid Date is not a time as 2026-07-01 10:00: ' || "Paid Date"
            when coalesce("Modification Date", '') <> '' and modified is null
                then 'Modification Date is not a time as 2026-07-01 10:00: ' || "Modification Date"
            when coalesce("Item #", '') <> '' and try_cast("Item #" as bigint) is null
                then 'Item # is not a whole number: ' || "Item #"
            when pieces is null then 'Quantity is not a number: ' || given_quantity
            when pieces < 0 then 'Quantity is negative: ' || given_quantity
            when item_cost is null then 'Item Cost is not an amount: ' || coalesce("Item Cost", '')
            when coalesce("Order Subtotal Amount", '') <> '' and given_subtotal is null
                then 'Order Subtotal Amount is not an amount: ' || "Order Subtotal Amount"
            when coalesce("Cart Discount Amount", '') <> '' and given_discount is null
                then 'Cart Discount Amount is not an amount: ' || "Cart Discount Amount"
            when coalesce("Order Shipping Amount", '') <> '' and given_shipping is null
                then 'Order Shipping Amount is not an amount: ' || "Order Shipping Amount"
            when coalesce("Order Total Tax Amount", '') <> '' and given_tax is null
                then 'Order Total Tax Amount is not an amount: ' || "Order Total Tax Amount"
            when coalesce("Order Total Amount", '') <> '' and given_total is null
                then 'Order Total Amount is not an amount: ' || "Order Total Amount"
            when coalesce("Order Refund Amount", '') <> '' and given_refund is null
                then 'Order Refund Amount is not an amount: ' || "Order Refund Amount"
        end as reason
    from values_read
)

select
    line,
    nullif("Order Number", '') as order_id,
    'line ' || item as row_key,
    nullif(nullif("Customer User ID", ''), '0') as customer_id,
    pseudonym(coalesce(nullif("Billing Email Address", ''), nullif("Email (Billing)", ''))) as email_hash,
    (ordered at time zone time_zone) at time zone 'UTC' as ordered_at,
    (paid at time zone time_zone) at time zone 'UTC' as paid_at,
    nullif(order_status, '') as status,
    woocommerce_state(order_status) as state,
    nullif("Currency", '') as currency,
    given_subtotal - coalesce(given_discount, 0) as subtotal,
    given_discount as discount,
    -- The lowest item of those that are loaded; an item that the file repeats stays the same row.
    case
        when item = min(item) filter (where reason is null) over (partition by file_number, "Order Number")
            then given_shipping
    end as shipping,
    given_tax as tax,
    given_total as total,
    given_refund as refunded,
    nullif("Payment Method Title", '') as payment_method,
    nullif("SKU", '') as product_id,
    nullif("Item Name", '') as product_name,
    pieces as quantity,
    item_cost as unit_price,
    (modified at time zone time_zone) at time zone 'UTC' as source_updated_at,
    reason as reject_reason
from findings
