-- One row per incident that nobody logged, the latest first.
select
    step_label, dimension, value, began_on, ended_on, is_open, relative_size, size_low, size_high, entered_count,
    went_on_count, expected_count, lost_count, lost_revenue, also_fell, payment_failure_count,
    usual_payment_failure_count, error_count, usual_error_count, payment_outage_count, changes, appeared_events,
    vanished_events
from metrics.incidents
order by began_on desc, incident
