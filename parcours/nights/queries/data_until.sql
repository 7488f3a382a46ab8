-- One row: the UTC instant until which the data reach, as both pages say it.
select coalesce(events_until, orders_until, visits_until) as data_until
from metrics.cut_off
