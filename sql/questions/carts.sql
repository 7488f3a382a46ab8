-- One row per way to count carts, within each group of what was asked for: `attempts` are rows of metrics.cart_attempts, with
-- `group_key`. Columns as in metrics.cart_abandonment_splits.
with summed as (
    select
        way,
        position,
        group_key,
        count(*) as attempt_count,
        count(*) filter (where outcome = 'abandoned') as abandoned_count,
        count(*) filter (where outcome = 'ordered') as ordered_count,
        count(*) filter (where outcome = 'open') as open_count,
        count(*) filter (where outcome = 'uncovered') as uncovered_count,
        count(*) filter (where outcome = 'emptied') as emptied_count,
        count(*) filter (where outcome = 'outage') as outage_count,
        count(*) filter (where outcome = case when way = 'recovery' then 'ordered' else 'abandoned' end) as numerator,
        count(*) filter (where is_matured) as denominator,
        cast(sum(case when outcome = 'abandoned' then cast(value as decimal(38, 2)) end) as decimal(38, 2))
            as lost_value,
        count(*) filter (where outcome = 'abandoned' and kind = 'cart' and value is null) as unvalued_count
    from attempts
    group by way, position, group_key
)

select
    summed.group_key,
    summed.way,
    summed.position,
    summed.attempt_count,
    summed.abandoned_count,
    summed.ordered_count,
    summed.open_count,
    summed.uncovered_count,
    summed.emptied_count,
    summed.outage_count,
    summed.numerator,
    summed.denominator,
    rate(summed.numerator, summed.denominator) as value,
    wilson_low(summed.numerator, summed.denominator) as low,
    wilson_high(summed.numerator, summed.denominator) as high,
    summed.lost_value,
    summed.unvalued_count,
    is_small_cell(summed.denominator, shop.small_cell) as is_small
from summed
cross join settings.shop as shop
