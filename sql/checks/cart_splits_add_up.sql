-- checks: metrics.cart_abandonment_splits
-- severity: error
-- finds: splits of carts whose counts differ from those of all
-- do: Give each row of metrics.cart_attempts one value of the split, unknown where nothing is known, never null.
-- Split by whatever, the same carts are counted.
with summed as (
    select
        way,
        split_by,
        sum(attempt_count) as attempt_count,
        sum(abandoned_count) as abandoned_count,
        sum(ordered_count) as ordered_count,
        sum(open_count) as open_count
    from metrics.cart_abandonment_splits
    where split_by = 'day' or name is not null or split_by = 'all'
    group by way, split_by
)

select summed.way, summed.split_by, summed.attempt_count, whole.attempt_count as of_all
from summed
inner join summed as whole on summed.way = whole.way and whole.split_by = 'all'
where
    summed.attempt_count <> whole.attempt_count
    or summed.abandoned_count <> whole.abandoned_count
    or summed.ordered_count <> whole.ordered_count
    or summed.open_count <> whole.open_count
