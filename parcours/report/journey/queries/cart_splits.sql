-- One row per split of carts by a segment and value of it that has matured carts, those of most carts first.
select
    split_by, name, numerator, denominator, open_count, value, low, high, lost_value, unvalued_count, is_small
from metrics.cart_abandonment_splits
where way = 'cart abandonment' and split_by not in ('all', 'day') and denominator > 0
order by split_by, denominator desc, name
