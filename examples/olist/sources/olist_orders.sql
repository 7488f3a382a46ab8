-- Olist orders: one row per order, times local to the shop, without a zone.
-- loads: order_rows
-- reads: csv
-- namespace: olist
-- needs: order_id, customer_id, order_status, order_purchase_timestamp, order_estimated_delivery_date
-- The estimate is a date (its time is 00:00): late is a comparison of days. A cancelled order has no time of it.
select
    line,
    "order_id" as order_id,
    'order' as row_key,
    "customer_id" as customer_id,
    read_instant("order_purchase_timestamp", shop.time_zone) as ordered_at,
    read_instant("order_approved_at", shop.time_zone) as paid_at,
    read_instant("order_delivered_carrier_date", shop.time_zone) as shipped_at,
    read_instant("order_delivered_customer_date", shop.time_zone) as delivered_at,
    read_date("order_estimated_delivery_date") as promised_on,
    "order_status" as status,
    case "order_status"
        when 'created' then 'placed'
        when 'unavailable' then 'placed'
        when 'approved' then 'paid'
        when 'invoiced' then 'paid'
        when 'processing' then 'paid'
        when 'shipped' then 'paid'
        when 'delivered' then 'paid'
        when 'canceled' then 'cancelled'
    end as state,
    'BRL' as currency,
    coalesce(
        case when coalesce("order_purchase_timestamp", '') = '' then 'order_purchase_timestamp is empty' end,
        unread_instant('order_purchase_timestamp', "order_purchase_timestamp"),
        unread_instant('order_approved_at', "order_approved_at"),
        unread_instant('order_delivered_carrier_date', "order_delivered_carrier_date"),
        unread_instant('order_delivered_customer_date', "order_delivered_customer_date"),
        unread_date('order_estimated_delivery_date', "order_estimated_delivery_date")
    ) as reject_reason
from file_rows
cross join settings.shop as shop
