-- One row per cohort and interval that is not over for all of it: the share expected to have ordered again by its end.
select
    cast(expected.cohort_at as date) as cohort_on, expected.interval_number, expected.entered_count,
    expected.open_count, expected.returned_so_far_count, expected.expected_rate, expected.expected_low,
    expected.expected_high, is_small_cell(expected.entered_count, shop.small_cell) as is_small
from metrics.retention_expected as expected
cross join settings.shop as shop
where expected.kind = 'cumulative' and expected.expected_rate is not null
order by expected.cohort_at, expected.interval_number
