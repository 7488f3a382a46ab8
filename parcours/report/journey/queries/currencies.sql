-- Amounts in other currencies of which no rate is known.
select kind, currency, left_out_count
from metrics.currencies
where left_out_count > 0
order by case kind when 'orders' then 1 when 'events' then 2 else 3 end, currency
