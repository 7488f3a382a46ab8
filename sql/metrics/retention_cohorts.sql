-- One row per cohort (shop month of the first order) and interval of 30 × 24 h since the customer's own first order.
-- Returned: another order in [n × 30, (n + 1) × 30) days. Unbounded: in or after it. The denominator is customers who
-- reached the end of that interval before the data cut-off; an interval that no one has finished is null, never 0.
-- Customers whose first order may lie before what is known (metrics.first_orders) are in no cohort.
-- key: cohort_on, interval_number
select
    cast(one.cohort_at as date) as cohort_on,  -- first shop day of the month of the first order
    one.interval_number,        -- 0 is the first 30 days after the first order
    one.entered_count as customer_count,  -- customers of the cohort
    one.finished_count,         -- customers whose interval had ended at the data cut-off
    one.returned_count,         -- of these, ordered again within the interval
    later.returned_count as returned_on_or_after_count,  -- of these, ordered again within or after it
    one.retention_rate,         -- null: no one has finished the interval
    later.retention_rate as unbounded_retention_rate,  -- null: no one has finished the interval
from metrics.retention_by_segment as one
inner join metrics.retention_by_segment as later
    on
        one.retention_id = later.retention_id
        and one.cohort_at = later.cohort_at
        and one.dimension = later.dimension
        and one.interval_number = later.interval_number
        and later.kind = 'on_or_after'
where one.retention_id = 'orders' and one.dimension = 'all' and one.kind = 'on' and one.entered_count > 0
