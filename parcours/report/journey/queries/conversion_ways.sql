-- One row per way to count conversion but the headline.
select way, numerator, denominator, 0 as open_count, value, null as low, null as high
from metrics.conversion
where way <> 'sessions with an order / sessions'
order by value nulls last, way
