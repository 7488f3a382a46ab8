-- What those lost at a step would be worth, to the cent: lost × share that gets from the next step to the last × average
-- net order value; null where nobody came to the next step, or no order values it.
-- arguments: lost_count; next_count and last_count, who reached the next and the last step; average_order_value
-- source: docs/definitions.md, revenue at stake at k
create macro revenue_at_stake(lost_count, next_count, last_count, average_order_value) as
round(rate(lost_count * last_count, next_count) * average_order_value, 2)
