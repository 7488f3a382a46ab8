-- One row per way to count conversion but the headline.
select way, denominator, value
from metrics.conversion
where way <> 'sessions with an order / sessions'
order by value nulls last, way
