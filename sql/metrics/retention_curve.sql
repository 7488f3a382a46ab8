-- One row per interval of 30 × 24 h since a customer's first order: the mean over cohorts, weighted by their size.
-- key: interval_number
select
    interval_number,            -- 0 is the first 30 days after the first order
    cast(sum(customer_count) as bigint) as customer_count,  -- customers of all cohorts
    cast(sum(finished_count) as bigint) as finished_count,  -- customers whose interval had ended at the data cut-off
    cast(sum(returned_count) as bigint) as returned_count,  -- of these, ordered again within the interval
    rate(sum(returned_count), sum(finished_count)) as retention_rate,  -- null: no one has finished the interval
from metrics.retention_cohorts
group by interval_number
