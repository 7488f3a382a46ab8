-- WooCommerce orders, a CSV of an export plugin: one row per item.
-- loads: order_rows
-- reads: csv
-- needs: Order Number, Order Status, Order Date, Item Cost
-- WooCommerce's own download of orders has a format of its own, woocommerce_analytics_orders. Plugins export far more,
-- each with labels of its own, which the shop may change and
-- translate. These are the English ones of Advanced Order Export: copy this file beside your journey.yaml as
-- sources/<name>.sql and edit the labels in double quotes. Times are without a zone: the shop's. Order-level amounts
-- stand on every row of the order; of those whose rows are added up (shipping, fees), the order's first item has them
-- alone. All amounts are without tax, which comes on top. The subtotal is before coupons: the discount is taken off. Item
-- Cost is after coupons.
with values_read as (
    select
        file_rows.*,
        shop.time_zone,
        coalesce("Quantity", "Quantity (- Refund)", '') as given_quantity,
        coalesce(
            read_count("Item #"), row_number() over (partition by file_number, "Order Number" order by line)
        ) as item,
        read_number(coalesce("Quantity", "Quantity (- Refund)")) as pieces
    from file_rows
    cross join settings.shop as shop
),

findings as (
    select
        *,
        case
            when coalesce(trim("Order Number"), '') = '' then 'Order Number is empty'
            when coalesce(trim("Order Date"), '') = '' then 'Order Date is empty'
            when trim(given_quantity) = '' then 'Quantity is empty'
            when coalesce(trim("Item Cost"), '') = '' then 'Item Cost is empty'
            when pieces < 0 then 'Quantity is negative: ' || given_quantity
            else coalesce(
                unread_instant('Order Date', "Order Date"),
                unread_instant('Paid Date', "Paid Date"),
                unread_instant('Modification Date', "Modification Date"),
                'Order Date is a day without a time: ' || case when not contains("Order Date", ':') then "Order Date" end,
                unread_count('Item #', "Item #"),
                unread_number('Quantity', given_quantity),
                unread_amount('Item Cost', "Item Cost"),
                unread_amount('Order Subtotal Amount', "Order Subtotal Amount"),
                unread_amount('Cart Discount Amount', "Cart Discount Amount"),
                unread_amount('Order Shipping Amount', "Order Shipping Amount"),
                unread_amount('Order Total Fee', "Order Total Fee"),
                unread_amount('Order Total Tax Amount', "Order Total Tax Amount"),
                unread_amount('Order Total Amount', "Order Total Amount"),
                unread_amount('Order Refund Amount', "Order Refund Amount"),
                unread_amount('Order Subtotal Amount Refunded', "Order Subtotal Amount Refunded"),
                unread_amount('Order Shipping Amount Refunded', "Order Shipping Amount Refunded"),
                unread_amount('Order Total Tax Amount Refunded', "Order Total Tax Amount Refunded")
            )
        end as reason
    from values_read
),

-- The lowest item of those that are loaded; an item that the file repeats stays the same row.
firsts as (
    select
        *,
        item = min(item) filter (where reason is null) over (partition by file_number, "Order Number") as is_first
    from findings
)

select
    line,
    nullif(trim("Order Number"), '') as order_id,
    'line ' || item as row_key,
    nullif(nullif(trim("Customer User ID"), ''), '0') as customer_id,
    pseudonym(coalesce(nullif("Billing Email Address", ''), nullif("Email (Billing)", ''))) as email_hash,
    read_instant("Order Date", time_zone) as ordered_at,
    read_instant("Paid Date", time_zone) as paid_at,
    nullif(regexp_replace(plain_status("Order Status"), '^wc-', '', 'g'), '') as status,
    woocommerce_state("Order Status") as state,
    nullif("Currency", '') as currency,
    read_amount("Order Subtotal Amount") - coalesce(read_amount("Cart Discount Amount"), 0) as subtotal,
    read_amount("Cart Discount Amount") as discount,
    case when is_first then read_amount("Order Shipping Amount") end as shipping,
    case when is_first then read_amount("Order Total Fee") end as fees,
    read_amount("Order Total Tax Amount") as tax,
    false as tax_included,
    read_amount("Order Total Amount") as total,
    read_amount("Order Refund Amount") as refunded,
    read_amount("Order Subtotal Amount Refunded") as refunded_goods,
    read_amount("Order Shipping Amount Refunded") as refunded_shipping,
    read_amount("Order Total Tax Amount Refunded") as refunded_tax,
    case plain_status(coalesce("Created Via", "created_via", "_created_via"))
        when 'checkout' then 'web'
        when 'store-api' then 'web'
        when 'admin' then 'draft'
        when 'pos-rest-api' then 'till'
        when 'point-of-sale' then 'till'
        when 'subscription' then 'subscription'
    end as sales_channel,
    nullif(trim(coalesce("Created Via", "created_via", "_created_via")), '') as sold_through,
    nullif("Payment Method Title", '') as payment_method,
    nullif("SKU", '') as product_id,
    nullif("Item Name", '') as product_name,
    pieces as quantity,
    read_amount("Item Cost") as unit_price,
    read_instant("Modification Date", time_zone) as source_updated_at,
    reason as reject_reason
from firsts
