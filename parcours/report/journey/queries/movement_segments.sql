-- One row per part of the change of orders, dimension and value: mix and rate; the value that did most first.
select part, dimension, value, before_count, after_count, before_value, after_value, mix_contribution, rate_contribution
from metrics.movement_segments
where measure = 'orders'
order by part, dimension, abs(mix_contribution + rate_contribution) desc, value
