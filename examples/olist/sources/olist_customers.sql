-- Olist customers: one row per order, since customer_id is made anew for each; the person is customer_unique_id.
-- loads: contacts
-- reads: csv
-- namespace: olist
-- needs: customer_id, customer_unique_id
select
    line,
    'customer ' || "customer_unique_id" as contact_id,
    "customer_id" as customer_id,
    'Brazil' as country,
    "customer_state" as city,
    'Customer' as lifecycle_stage
from file_rows
