-- One row per outage day.
select outage_on as on, outage, touchpoint_count, order_count, checkout_count, ordered_count, failed_count, expected_order_count
from metrics.outage_days
order by outage_on, outage
