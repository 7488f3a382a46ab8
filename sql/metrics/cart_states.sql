-- One row per cart of journeys.carts, with the one state it is in at the data cut-off: carts created = sum of states.
-- Closed by an order: cancelled, refunded (in full), recovered (it had been abandoned, and the order came within the
-- horizon of its opening), else purchased. Without an order: emptied (nothing is left in it), abandoned (without cart or
-- checkout activity for settings.shop.cart_silence_seconds), else active. Without an orders export, or where the last was seen of it before orders are known, nobody can be said to
-- have ordered: unknown.
-- The state is today's: an order after the horizon makes an abandoned cart a purchased one, while the rates of
-- metrics.cart_abandonment keep to the horizon, so that a matured figure stays.
-- key: cart_id
with outcomes as (
    select
        carts.cart_id,
        coalesce(
            elapsed_seconds(carts.abandoned_since, known.visits_until) >= shop.cart_silence_seconds, false
        ) as was_abandoned,
        coalesce(
            elapsed_seconds(carts.last_activity_at, known.visits_until) >= shop.cart_silence_seconds, false
        ) as is_silent,
        coalesce(
            elapsed_seconds(carts.last_activity_at, known.visits_until) >= shop.cart_action_seconds, false
        ) as is_due,
        coalesce(
            elapsed_seconds(carts.opened_at, known.visits_until) >= shop.cart_horizon_seconds, false
        ) as is_matured,
        coalesce(
            elapsed_seconds(carts.opened_at, carts.ordered_at) <= shop.cart_horizon_seconds, false
        ) as is_ordered_in_time,
        known.orders_until is not null
        and (carts.order_id is not null or coalesce(carts.last_activity_at >= known.orders_from, true)) as is_known
    from journeys.carts as carts
    cross join settings.shop as shop
    cross join metrics.cut_off as known
),

states as (
    select
        outcomes.*,
        case
            when not outcomes.is_known then 'unknown'
            when carts.is_cancelled then 'cancelled'
            when carts.is_refunded then 'refunded'
            when outcomes.was_abandoned and outcomes.is_ordered_in_time then 'recovered'
            when carts.order_id is not null then 'purchased'
            when not carts.has_items then 'emptied'
            when outcomes.is_silent then 'abandoned'
            else 'active'
        end as state
    from outcomes
    inner join journeys.carts as carts on outcomes.cart_id = carts.cart_id
)

select
    carts.cart_id,              -- of journeys.carts
    carts.person_id,            -- of journeys.people
    states.state,               -- active, abandoned, recovered, purchased, emptied, cancelled or refunded; unknown: no orders are known then
    case when states.state = 'emptied' then 'browse' else carts.level_reached end as level,  -- browse (nothing is in it), cart or checkout
    carts.device,               -- on which it was opened
    carts.payment_method,       -- last chosen before it was left; null: not seen
    carts.shipping,             -- shipping cost last shown before it was left; null: not seen
    carts.coupon,               -- coupon last seen before it was left; null: none
    carts.opened_at,            -- UTC instant
    shop_day(carts.opened_at, shop.time_zone) as opened_on,  -- shop day of opening
    carts.left_at,              -- UTC instant of the last activity before it was last left with something in it; null: never
    carts.came_back_at,         -- UTC instant at which the person came back to it; null: never
    carts.came_back_channel,    -- of the session in which the person came back to buy
    carts.ordered_at,           -- UTC instant of the order; null: none
    carts.ordered_device,       -- of the order's session
    case when carts.left_at is null then carts.cart_value else carts.left_value end as value,  -- of its lines when it was left, else when last touched
    states.was_abandoned,       -- silent for cart_silence_seconds with something in it, at least once
    states.was_abandoned and states.is_ordered_in_time as was_recovered,  -- then ordered within the horizon, whatever became of the order
    states.is_matured,          -- its horizon has ended at the data cut-off
    states.is_ordered_in_time,  -- an order came within the horizon of its opening
    states.state = 'abandoned'
    or states.state = 'active' and states.is_due as is_due_for_action,  -- left for cart_action_seconds with something in it: for action lists
from states
inner join journeys.carts as carts on states.cart_id = carts.cart_id
cross join settings.shop as shop
