-- One row per cohort of customers and interval that is not over for all of them: the rate to be expected when it is, of the
-- cohort's own days so far and of what earlier cohorts did on later ones (a chain ladder with credibility,
-- parcours/inference/open_cohorts.py). It is no observed rate and in none; it stands beside the one of those who have
-- finished. Of the kinds on, cumulative and bracket; not known where fewer than 30 customers were observed on a day of the interval.
-- key: kind, cohort_at, interval_number
create table metrics.retention_expected (
    kind text,                  -- on, cumulative or bracket, as in metrics.retention_by_segment
    cohort_at timestamp,        -- shop time at which the cohort's month begins
    interval_number bigint,     -- N; of brackets their number
    entered_count bigint,       -- customers of the cohort
    open_count bigint,          -- of these, for whom the interval is not over yet
    returned_so_far_count bigint,  -- of all, who have come back in the interval so far, whether it is over for them or not
    expected_rate double,       -- returned / entered when it is over for all, as expected; null: not known
    expected_low double,        -- lower end of the 90 % interval of what will be seen
    expected_high double        -- upper end of the 90 % interval of what will be seen
)
