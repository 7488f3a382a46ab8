-- One row per way to count abandonment, the headline first.
select way, numerator, denominator, open_count, value, low, high
from metrics.cart_abandonment
order by position
