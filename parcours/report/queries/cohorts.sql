-- One row per cohort and interval that anyone has finished, and one per interval for the mean over cohorts, weighted by size.
with cells as (
    select cohort_on, interval_number, customer_count, finished_count, returned_count, retention_rate as rate
    from metrics.retention_cohorts
    union all
    select
        null, interval_number, cast(sum(customer_count) as bigint), cast(sum(finished_count) as bigint),
        cast(sum(returned_count) as bigint), sum(returned_count) / nullif(sum(finished_count), 0)
    from metrics.retention_cohorts
    group by interval_number
)

select cells.*, cells.finished_count < shop.small_cell as is_small
from cells
cross join settings.shop as shop
where cells.interval_number <= (select max(interval_number) from metrics.retention_cohorts where finished_count > 0)
order by cells.cohort_on nulls last, cells.interval_number
