-- One row per cart of journeys.carts, with the one state it is in at the data cut-off: carts created = sum of states.
-- Closed by an order: cancelled, refunded (in full), recovered (it had been abandoned, and the order came within the
-- horizon of its opening), else purchased. Without an order: emptied (nothing is left in it), abandoned (24 h without
-- cart or checkout activity), else active. Without an orders export nobody can be said to have ordered: unknown.
-- The state is today's: an order after the horizon makes an abandoned cart a purchased one, while the rates of
-- metrics.cart_abandonment keep to the horizon, so that a matured figure stays.
-- key: cart_id
with judged as (
    select
        carts.cart_id,
        coalesce(
            elapsed_seconds(carts.abandoned_since, known.visits_until) >= 86400, false
        ) as was_abandoned,
        coalesce(
            elapsed_seconds(carts.last_activity_at, known.visits_until) >= 86400, false
        ) as is_silent_for_a_day,
        coalesce(
            elapsed_seconds(carts.last_activity_at, known.visits_until) >= 3600, false
        ) as is_silent_for_an_hour,
        coalesce(
            elapsed_seconds(carts.opened_at, known.visits_until) >= shop.cart_horizon_seconds, false
        ) as is_matured,
        coalesce(
            elapsed_seconds(carts.opened_at, carts.ordered_at) <= shop.cart_horizon_seconds, false
        ) as is_ordered_in_time,
        known.orders_until is not null as is_known
    from journeys.carts as carts
    cross join settings.shop as shop
    cross join metrics.cut_off as known
),

stated as (
    select
        judged.*,
        case
            when not judged.is_known then 'unknown'
            when carts.is_cancelled then 'cancelled'
            when carts.is_refunded then 'refunded'
            when judged.was_abandoned and judged.is_ordered_in_time then 'recovered'
            when carts.order_id is not null then 'purchased'
            when not carts.has_items then 'emptied'
            when judged.is_silent_for_a_day then 'abandoned'
            else 'active'
        end as state
    from judged
    inner join journeys.carts as carts on judged.cart_id = carts.cart_id
)

select
    carts.cart_id,              -- of journeys.carts
    carts.person_id,            -- of journeys.people
    stated.state,               -- active, abandoned, recovered, purchased, emptied, cancelled or refunded; unknown: no orders export
    case when stated.state = 'emptied' then 'browse' else carts.level_reached end as level,  -- browse (nothing is in it), cart or checkout
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
    stated.was_abandoned,       -- silent for 24 h with something in it, at least once
    stated.was_abandoned and stated.is_ordered_in_time as was_recovered,  -- then ordered within the horizon, whatever became of the order
    stated.is_matured,          -- its horizon has ended at the data cut-off
    stated.is_ordered_in_time,  -- an order came within the horizon of its opening
    stated.state = 'abandoned'
    or stated.state = 'active' and stated.is_silent_for_an_hour as is_due_for_action,  -- left for an hour with something in it: for action lists
from stated
inner join journeys.carts as carts on stated.cart_id = carts.cart_id
cross join settings.shop as shop
