-- checks: metrics.outage_days
-- severity: warn
-- No shop day on which tracking or payment was down; such days are marked in every chart.
select outage_on, outage, checkout_count, ordered_count, failed_count
from metrics.outage_days
