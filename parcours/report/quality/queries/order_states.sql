-- What became of them
select
    {'told': replace(state, '_', ' ')} as "State",
    {'told': case when is_counted then 'an order' else 'in no figure' end} as "Counts as",
    order_count as "Orders",
    cast(total as decimal(18, 0)) as "Total",
    first_on as "First",
    last_on as "Last"
from metrics.order_states
order by is_counted desc, order_count desc, state
