-- Olist order items: one row per line of an order; freight is the shipping of the line.
-- loads: order_rows
-- reads: csv
-- namespace: olist
-- needs: order_id, order_item_id, product_id, price, freight_value
select
    line,
    "order_id" as order_id,
    'line ' || "order_item_id" as row_key,
    "product_id" as product_id,
    1 as quantity,
    "price" as unit_price,
    "freight_value" as shipping
from file_rows
