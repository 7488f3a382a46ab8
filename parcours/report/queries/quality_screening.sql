-- One row per figure: without the screened people, with all, and with each kind of them.
select figure, value_without, value_with, bot_value, staff_value
from metrics.screening
order by list_position(['people', 'sessions', 'touchpoints', 'orders', 'conversion'], figure) nulls last, figure
