-- One row per calendar retention table of journey.yaml, cohort and period after it: who came back in it.
-- A cohort is the persons with an entry in one hour, day, week or month of the shop's time: of each person
-- the first entry ever, or every one. Interval 0 is the cohort itself. A period that has not ended at the data cut-off is
-- null, never 0; so is one of a cohort before all sources are known. These are the calendar variants; the headline counts elapsed days (metrics.retention_cohorts).
-- key: retention_id, cohort_at, interval_number
with cells as (
    select
        retention_id,
        cohort_at,
        interval_number,
        entered_count + uncovered_count as cohort_size,
        open_count + uncovered_count = 0 as is_finished,
        returned_count,
        retention_rate
    from metrics.retention_by_segment
    where kind = 'calendar' and retention_id <> 'orders'
)

select
    retention_id,               -- of settings.retentions
    cohort_at,                  -- shop time at which the cohort's period begins
    interval_number,            -- periods after the cohort's; 0 is the cohort itself
    cohort_size,                -- persons with an entry in the cohort's period
    is_finished,                -- the period has ended at the data cut-off
    case
        when interval_number = 0 then cohort_size
        when is_finished then returned_count
    end as returned_count,      -- persons of the cohort who came back in the period; null: it has not ended
    case
        when interval_number = 0 then 1.0
        when is_finished then retention_rate
    end as retention_rate,      -- returned / cohort; null: the period has not ended
from cells
where interval_number = 0 or is_finished
