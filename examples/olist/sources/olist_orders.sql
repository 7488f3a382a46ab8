-- Olist orders: one row per order, times local to the shop, without a zone.
-- loads: order_rows
-- reads: csv
-- namespace: olist
-- needs: order_id, customer_id, order_status, order_purchase_timestamp, order_estimated_delivery_date
-- The estimate is a date (its time is 00:00): late is a comparison of days. A cancelled order has no time of it.
with typed as (
    select
        file_rows.*,
        shop.time_zone,
        try_cast("order_purchase_timestamp" as timestamp) as purchased,
        try_cast(nullif("order_approved_at", '') as timestamp) as approved,
        try_cast(nullif("order_delivered_carrier_date", '') as timestamp) as carried,
        try_cast(nullif("order_delivered_customer_date", '') as timestamp) as delivered
    from file_rows
    cross join settings.shop as shop
)

select
    line,
    "order_id" as order_id,
    'order' as row_key,
    "customer_id" as customer_id,
    (purchased at time zone time_zone) at time zone 'UTC' as ordered_at,
    (approved at time zone time_zone) at time zone 'UTC' as paid_at,
    (carried at time zone time_zone) at time zone 'UTC' as shipped_at,
    (delivered at time zone time_zone) at time zone 'UTC' as delivered_at,
    cast(try_cast(nullif("order_estimated_delivery_date", '') as timestamp) as date) as promised_on,
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
    case when purchased is null
        then 'order_purchase_timestamp is not a time: ' || coalesce("order_purchase_timestamp", '')
    end as reject_reason
from typed
