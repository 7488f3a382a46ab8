-- One row per order, with the session it belongs to: the one it was placed in, else the last that ended within the
-- attribution time (24 h) before it. Without such a session the session is null. Orders of screened people are left out
-- where journey.yaml says so.
-- key: order_id
with candidates as (
    select
        orders.order_id,
        sessions.session_id,
        sessions.started_at
    from staging.orders as orders
    inner join journeys.identities as identities on identities.identifier = 'order:' || orders.order_id
    inner join journeys.sessions as sessions on identities.person_id = sessions.person_id
    cross join settings.shop as shop
    where
        sessions.started_at <= orders.ordered_at
        and date_diff('microsecond', sessions.ended_at, orders.ordered_at) <= shop.attribution_seconds * 1000000
),

latest as (
    select order_id, session_id
    from candidates
    qualify row_number() over (partition by order_id order by started_at desc, session_id) = 1
)

select
    orders.order_id,            -- the order's number
    identities.person_id,       -- who ordered
    orders.ordered_at,          -- UTC instant of placing
    orders.ordered_on,          -- shop day of placing
    orders.net_revenue,         -- after discounts and refunds, without shipping and tax
    orders.is_cancelled or orders.is_fully_refunded as is_void,  -- not counted in net conversion
    latest.session_id,          -- the session it belongs to; null: none within the attribution time
from staging.orders as orders
inner join journeys.identities as identities on identities.identifier = 'order:' || orders.order_id
left join latest on orders.order_id = latest.order_id
where not exists (
    select 1 from journeys.left_out_rows as left_out where left_out.kind = 'order' and left_out.row_id = orders.order_id
)
