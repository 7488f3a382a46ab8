-- One row per shop day: orders that belong to no visit whose outcome is known: placed elsewhere, without a visit before them,
-- on days without tracking, or in a visit that is still open.
-- key: ordered_on
select
    orders.ordered_on,          -- shop day of placing
    cast(count(*) as bigint) as order_count,  -- orders
    cast(sum(coalesce(orders.net_revenue, 0)) as decimal(36, 2)) as net_revenue,  -- of these, as far as it is known, in the shop's currency
from journeys.order_sessions as orders
left join metrics.visit_steps as visits on orders.session_id = visits.session_id
where visits.session_id is null
group by orders.ordered_on
