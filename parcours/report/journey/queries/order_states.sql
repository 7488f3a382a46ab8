-- One row per state of the exported orders that is in no figure.
select replace(state, '_', ' ') as state, order_count
from metrics.order_states
where not is_counted
order by order_count desc, state
