-- One row per order, with the session it belongs to: the one it was placed in, else the last that ended within the
-- attribution time (24 h) before it. Without such a session the session is null, as of an order that was not placed on the web. Orders of screened people are left out
-- where journey.yaml says so; a runaway session has no order.
-- key: order_id
-- keyed by: person_id
-- within person_id: order_id, session_id
with placed_orders as (
    select
        orders.order_id,
        owned.person_id,
        orders.ordered_at,
        orders.ordered_on,
        orders.net_revenue,
        orders.is_web,
        orders.is_cancelled or orders.is_fully_refunded as is_void
    from journeys.record_owners as owned
    inner join staging.orders as orders on owned.kind = 'order' and owned.row_id = orders.order_id
    where not exists (
        select 1 from journeys.screened_records as left_out
        where
            left_out.person_id = owned.person_id and left_out.kind = 'order' and left_out.row_id = orders.order_id
    )
),

candidates as (
    select
        placed_orders.order_id,
        sessions.session_id,
        sessions.started_at
    from placed_orders
    inner join journeys.session_facts as sessions on placed_orders.person_id = sessions.person_id
    cross join settings.shop as shop
    where
        placed_orders.is_web
        and not sessions.is_runaway
        and takes_order(sessions.started_at, sessions.ended_at, placed_orders.ordered_at, shop.attribution_seconds)
),

latest_sessions as (
    select order_id, session_id
    from candidates
    qualify row_number() over (partition by order_id order by started_at desc, session_id) = 1
)

select
    placed_orders.order_id,     -- the order's number
    placed_orders.person_id,    -- who ordered
    placed_orders.ordered_at,   -- UTC instant of placing
    placed_orders.ordered_on,   -- shop day of placing
    placed_orders.net_revenue,  -- after discounts and refunds, without shipping and tax, in the shop's currency; null: not known
    placed_orders.is_web,       -- placed on the web: it may have a session, and close a cart
    placed_orders.is_void,      -- not counted in net conversion
    latest_sessions.session_id,  -- the session it belongs to; null: none within the attribution time
from placed_orders
left join latest_sessions on placed_orders.order_id = latest_sessions.order_id
