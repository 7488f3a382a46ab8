-- checks: metrics.reconciliation
-- severity: warn
-- finds: days on which many orders lack a purchase event
-- do: Send a purchase event with every web order; the causes on the quality page say where to look first.
-- On no shop day do five orders or more, and over 5 % of the day's, lack a purchase event. Not said where no event is
-- one at all.
select
    day,
    cast(sum(orders_without_event_count) as bigint) as orders_without_event_count,
    cast(sum(order_count) as bigint) as order_count
from metrics.reconciliation
where
    exists (
        select 1 from metrics.reconciliation as anywhere
        where anywhere.matched_order_count + anywhere.events_without_order_count > 0
    )
group by day
having sum(orders_without_event_count) >= 5 and sum(orders_without_event_count) > 0.05 * sum(order_count)
order by day
