-- The report that this one is compared with, in the shop's time, and how many values of it are another now.
select
    report_before.is_compared,
    shop_day(report_before.reached_until, shop.time_zone) as reached_on,
    report_before.matured_count,
    report_before.restated_count,
    report_before.arrived_file_count
from metrics.report_before as report_before
cross join settings.shop as shop
