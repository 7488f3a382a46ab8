-- WooCommerce's own download of orders: Analytics > Orders > Download, one row per order, or per refund of one.
-- loads: order_rows
-- reads: csv
-- needs: Date, Order #, Status, Net Sales
-- The labels are those of an English shop; in another language `columns:` of the export in journey.yaml says which is
-- which. Net Sales is after discounts and refunds of the row, without shipping and tax: shipping, tax and currency
-- are not in the download. Nor is what tells a person: customers are names, which are not read, so these orders are
-- nobody's. A negative Net Sales is a refund of its order. The date is the shop's.
with values_read as (
    select
        file_rows.*,
        shop.time_zone,
        nullif(ltrim(trim("Order #"), '#'), '') as order_number,
        starts_with(trim("Net Sales"), '-') as is_refund
    from file_rows
    cross join settings.shop as shop
)

select
    line,
    order_number as order_id,
    case when is_refund then 'refund ' || "Date" else 'order' end as row_key,
    case when not is_refund then read_instant("Date", time_zone) end as ordered_at,
    case when is_refund then read_instant("Date", time_zone) end as refunded_at,
    case when not is_refund then regexp_replace(lower(trim("Status")), '^wc-', '') end as status,
    case when not is_refund then woocommerce_state("Status") end as state,
    case when not is_refund then "Net Sales" end as subtotal,
    case when is_refund then "Net Sales" end as refund_amount,
    coalesce(
        case when order_number is null then 'Order # is empty' end,
        case when coalesce(trim("Net Sales"), '') = '' then 'Net Sales is empty' end,
        unread_amount('Net Sales', "Net Sales"),
        unread_instant('Date', "Date")
    ) as reject_reason
from values_read
