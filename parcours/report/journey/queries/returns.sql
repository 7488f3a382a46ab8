-- One row per calendar retention of journey.yaml, cohort and period after it that has ended: the newest dozen of cohorts
-- and the first dozen of periods; and one per period for the mean over those cohorts, weighted by their size.
with cells as (
    select retention_id, cohort_at, interval_number, cohort_size, returned_count, retention_rate
    from metrics.retention_calendar
    where interval_number between 1 and 12
    qualify dense_rank() over (partition by retention_id order by cohort_at desc) <= 12
),

rows as (
    select * from cells
    union all
    select retention_id, null, interval_number, cast(sum(cohort_size) as bigint), cast(sum(returned_count) as bigint),
        rate(sum(returned_count), sum(cohort_size))
    from cells
    group by retention_id, interval_number
)

select
    retentions.retention_id, retentions.retention_label, retentions.period, retentions.cohort, retentions.at_least,
    rows.cohort_at as cohort_on, rows.interval_number, rows.returned_count, rows.cohort_size as finished_count,
    max(rows.cohort_size) over (partition by rows.retention_id, rows.cohort_at) as customer_count,
    rows.retention_rate as rate, is_small_cell(rows.cohort_size, shop.small_cell) as is_small
from rows
inner join settings.retentions as retentions on rows.retention_id = retentions.retention_id
cross join settings.shop as shop
order by retentions.retention_id, rows.cohort_at nulls last, rows.interval_number
