-- Olist payments: one row per payment of an order; an order may be paid in several ways.
-- loads: order_rows
-- reads: csv
-- namespace: olist
-- needs: order_id, payment_sequential, payment_type, payment_value
select
    line,
    "order_id" as order_id,
    'payment ' || "payment_sequential" as row_key,
    "payment_type" as payment_method,
    "payment_value" as paid_amount
from file_rows
