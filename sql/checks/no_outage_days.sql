-- checks: metrics.outage_days
-- severity: warn
-- finds: outage days
-- do: Ask who runs the site what failed: lost events can be exported again, lost orders explain a drop.
-- No shop day on which tracking or payment was down; such days are marked in every chart.
select
    outage_on, outage, touchpoint_count, order_count, checkout_count, ordered_count, expected_order_count, failed_count
from metrics.outage_days
order by outage_on, outage
