-- Outage days
select
    outage_on as "Day",
    {'told': outage} as "Outage",
    touchpoint_count as "Touchpoints on the site",
    order_count as "Orders",
    checkout_count as "Sessions with a checkout",
    ordered_count as "Of these, ordered",
    cast(expected_order_count as decimal(18, 1)) as "Expected",
    failed_count as "Met an error"
from metrics.outage_days
order by outage_on, outage
