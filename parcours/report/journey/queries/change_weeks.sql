-- One row per change, figure and week counted from the change, in the order of time.
select change_id, kpi, week_number, week_on, numerator, denominator, value
from metrics.change_weeks
order by change_id, kpi, week_number
