-- One row per cart: it opens at the first add after no open cart of the person, or with its cart id, lives across
-- sessions and devices, and closes by the orders export. Facts and instants only; abandoned, recovered or still open
-- depends on the data cut-off and is said in metrics.cart_states.
-- Which cart a touchpoint is about is decided in journeys.cart_activity, what is in it after each in cart_contents.
-- key: cart_id
-- keyed by: person_id
with placed_orders as (
    select
        order_sessions.person_id,
        order_sessions.order_id,
        order_sessions.ordered_at,
        order_sessions.net_revenue,
        order_sessions.session_id,
        exported.is_cancelled,
        exported.is_fully_refunded
    from journeys.order_sessions as order_sessions
    inner join staging.orders as exported on order_sessions.order_id = exported.order_id
),

-- Abandoned: neither cart or checkout activity nor an order within T (settings.shop.cart_silence_seconds) of an activity.
-- Whether the last silence has lasted that long yet depends on the data cut-off: the instant of its beginning is kept.
silences as (
    select
        contents.person_id,
        contents.cart_key,
        contents.position,
        contents.opened_at,
        contents.order_id,
        activity.occurred_at,
        activity.action,
        contents.next_at,
        contents.piece_count,
        contents.line_count,
        contents.value,
        contents.has_items,
        activity.touchpoint_id,
        activity.session_id,
        activity.device,
        coalesce(
            elapsed_seconds(activity.occurred_at, coalesce(contents.next_at, placed_orders.ordered_at))
            > shop.cart_silence_seconds,
            true
        ) as is_silent,
        elapsed_seconds(contents.opened_at, activity.occurred_at) <= shop.cart_horizon_seconds as is_early
    from journeys.cart_contents as contents
    inner join journeys.cart_activity as activity
        on contents.person_id = activity.person_id and contents.position = activity.position
    left join placed_orders
        on contents.person_id = placed_orders.person_id and contents.order_id = placed_orders.order_id
    cross join settings.shop as shop
    where contents.is_activity
),

ledger as (
    select
        person_id,
        cart_key,
        min(opened_at) as opened_at,
        max(order_id) as order_id,
        max(occurred_at) as last_activity_at,
        arg_max(touchpoint_id, position) as last_touchpoint_id,
        min(case when action = 'checkout' then occurred_at end) as checkout_at,
        cast(count(distinct session_id) as bigint) as session_count,
        case when arg_min(session_id is not null, position) then arg_min(session_id, position) end as session_id,
        arg_min(device, position) filter (where device is not null) as device,
        arg_max(piece_count, position) as piece_count,
        arg_max(line_count, position) as line_count,
        case when arg_max(value is not null, position) then arg_max(value, position) end as cart_value,
        arg_max(has_items, position) as has_items,
        arg_max(has_items, position) filter (where is_early) as had_items_at_horizon,
        case
            when arg_max(value is not null, position) filter (where is_early)
                then arg_max(value, position) filter (where is_early)
        end as value_at_horizon,
        bool_or(has_items) as has_held_items,
        coalesce(bool_or(has_items) filter (where is_early), false) as has_held_items_at_horizon,
        coalesce(bool_or(action = 'checkout') filter (where is_early), false) as has_checkout_at_horizon,
        min(occurred_at) filter (where is_silent) as silent_since,
        min(occurred_at) filter (where is_silent and has_items) as abandoned_since,
        max(occurred_at) filter (where is_silent and has_items) as left_at,
        arg_max(coalesce(next_at, occurred_at), position) filter (where is_silent and has_items) as next_at,
        arg_max(line_count, position) filter (where is_silent and has_items) as left_line_count,
        case
            when arg_max(value is not null, position) filter (where is_silent and has_items)
                then arg_max(value, position) filter (where is_silent and has_items)
        end as left_value
    from silences
    group by person_id, cart_key
),

-- What was last said of paying and sending: until the cart was abandoned, T after it was last left, and within its
-- horizon.
said as (
    select
        contents.person_id,
        contents.cart_key,
        activity.position,
        activity.payment_method,
        activity.shipping,
        activity.coupon,
        coalesce(elapsed_seconds(ledger.left_at, activity.occurred_at) <= shop.cart_silence_seconds, true)
            as is_before_left,
        elapsed_seconds(ledger.opened_at, activity.occurred_at) <= shop.cart_horizon_seconds as is_early
    from journeys.cart_contents as contents
    inner join journeys.cart_activity as activity
        on contents.person_id = activity.person_id and contents.position = activity.position
    inner join ledger on contents.person_id = ledger.person_id and contents.cart_key = ledger.cart_key
    cross join settings.shop as shop
    where coalesce(activity.payment_method, cast(activity.shipping as text), activity.coupon) is not null
),

details as (
    select
        person_id,
        cart_key,
        arg_max(payment_method, position) filter (where payment_method is not null and is_before_left)
            as payment_method,
        arg_max(shipping, position) filter (where shipping is not null and is_before_left) as shipping,
        arg_max(coupon, position) filter (where coupon is not null and is_before_left) as coupon,
        arg_max(payment_method, position) filter (where payment_method is not null and is_early)
            as payment_method_at_horizon,
        arg_max(shipping, position) filter (where shipping is not null and is_early) as shipping_at_horizon
    from said
    group by person_id, cart_key
)

select
    ledger.person_id || '-' || ledger.cart_key as cart_id,  -- person, and the source's cart id or the span between orders
    ledger.person_id,           -- of journeys.people
    ledger.opened_at,           -- UTC instant of the first add, or at which its id is first seen
    ledger.last_activity_at,    -- UTC instant of the last cart or checkout activity before the order
    ledger.last_touchpoint_id,  -- of journeys.touchpoints: that activity
    ledger.checkout_at,         -- UTC instant of the first checkout activity; null: none
    ledger.silent_since,        -- UTC instant of the first activity after which there was none, nor an order, for T
    ledger.abandoned_since,     -- the first such instant at which it held something
    ledger.left_at,             -- the last such instant at which it held something
    ledger.session_id,          -- in which it was opened; null: in none
    ledger.session_count,       -- sessions in which it was touched
    ledger.device,              -- on which it was opened
    ledger.piece_count,         -- pieces left in it; null: no add nor removal was seen
    ledger.line_count,          -- products left in it; null: no add nor removal was seen
    ledger.cart_value,          -- of what is left, each product at its last seen price, in the shop's currency; null: unknown, as a price in it is
    ledger.has_items,           -- something is left in it
    ledger.left_line_count,     -- products in it at left_at
    ledger.left_value,          -- of its lines at left_at, in the shop's currency; null: unknown
    details.payment_method,     -- last chosen before it was left, else before the order; null: not seen
    details.shipping,           -- shipping cost last shown before it was left, else before the order; null: not seen
    details.coupon,             -- coupon last seen before it was left, else before the order; null: none
    ledger.order_id,            -- the order that closed it; null: none
    placed_orders.ordered_at,   -- UTC instant of that order
    placed_orders.net_revenue,  -- of that order
    coalesce(placed_orders.is_cancelled, false) as is_cancelled,  -- that order was cancelled
    coalesce(placed_orders.is_fully_refunded, false) as is_refunded,  -- that order was refunded in full
    buying.device as ordered_device,  -- of that order's session; null: no order, or no session of it is known
    coalesce(
        case when ledger.next_at > ledger.left_at then ledger.next_at end,
        case when buying.started_at > ledger.left_at then buying.started_at end,
        case when ledger.left_at is not null then placed_orders.ordered_at end
    ) as came_back_at,          -- after left_at: the cart's next activity, else the start of the order's session, else the order
    case when ledger.left_at is not null and ledger.order_id is not null then coalesce(buying.channel, 'unknown') end
        as came_back_channel,   -- of the order's session, where a left cart was ordered; unknown: no session of it is known
    coalesce(
        elapsed_seconds(ledger.opened_at, placed_orders.ordered_at) > shop.cart_horizon_seconds, true
    ) and not ledger.had_items_at_horizon as is_emptied,  -- within its horizon the person removed all and ordered nothing
    case
        when ledger.checkout_at is not null then 'checkout'
        when ledger.has_held_items then 'cart'
        else 'browse'
    end as level_reached,       -- browse (nothing was ever in it), cart or checkout
    case
        when ledger.has_checkout_at_horizon then 'checkout'
        when ledger.has_held_items_at_horizon then 'cart'
        else 'browse'
    end as level_at_horizon,    -- the same within its horizon: what comes later does not move it
    ledger.value_at_horizon,    -- of what was in it then, in the shop's currency; null: unknown
    details.payment_method_at_horizon,  -- last chosen within its horizon, before the order; null: not seen
    details.shipping_at_horizon,  -- shipping cost last shown within its horizon, before the order; null: not seen
from ledger
cross join settings.shop as shop
left join details on ledger.person_id = details.person_id and ledger.cart_key = details.cart_key
left join placed_orders on ledger.person_id = placed_orders.person_id and ledger.order_id = placed_orders.order_id
left join journeys.sessions as buying
    on placed_orders.person_id = buying.person_id and placed_orders.session_id = buying.session_id
