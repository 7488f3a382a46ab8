-- checks: metrics.cart_states
-- severity: error
-- finds: carts in no state, or in several
-- do: Make the conditions of the states in sql/metrics/cart_states.sql exclude each other and leave no cart out.
-- Every cart is in exactly one state: carts created = sum of states.
select carts.cart_id, count(states.state) as state_count
from journeys.carts as carts
left join metrics.cart_states as states on carts.cart_id = states.cart_id
group by carts.cart_id
having count(states.state) <> 1
