-- One row per outage day.
select outage_on as on, outage, order_count, expected_order_count
from metrics.outage_days
order by outage_on, outage
