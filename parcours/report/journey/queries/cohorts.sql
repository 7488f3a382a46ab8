-- One row per cohort and interval that anyone has finished, and one per interval for the mean over cohorts.
with cells as (
    select cohort_on, interval_number, customer_count, finished_count, returned_count, retention_rate as rate
    from metrics.retention_cohorts
    union all
    select null, interval_number, customer_count, finished_count, returned_count, retention_rate
    from metrics.retention_curve
)

select cells.*, is_small_cell(cells.finished_count, shop.small_cell) as is_small
from cells
cross join settings.shop as shop
where cells.interval_number <= (select max(interval_number) from metrics.retention_curve where finished_count > 0)
order by cells.cohort_on nulls last, cells.interval_number
