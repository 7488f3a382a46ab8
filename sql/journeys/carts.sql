-- One row per cart: it opens at the first add after no open cart of the person, or with its cart id, lives across
-- sessions and devices, and closes by the orders export. Facts and instants only; abandoned, recovered or still open
-- depends on the data cut-off and is said in metrics.cart_states.
-- A span is a person's cart activity up to an order, or to a silence longer than the journey's inactivity limit. What
-- has no cart id belongs to the cart of its span whose id was first seen last before it, else to the one whose id is
-- seen next, else the span is one cart: a tracker without ids and a checkout export with them make no twin. An id first
-- seen in a checkout or removal, after adds under another id that is new in the span, is that cart under a new id (a
-- login): one can't check out what one never added. An order belongs to the last cart of the person that was opened
-- before it. A product's pieces never go below none: what was removed unseen is not owed.
-- key: cart_id
-- keyed by: person_id
with kept as (
    select
        person_id,
        touchpoint_id,
        occurred_at,
        sequence,
        action,
        cart_id,
        product_id,
        session_id,
        device,
        payment_method,
        shipping,
        coupon,
        coalesce(try_cast(quantity as decimal(18, 4)), 1) as quantity,
        cast(value as double) as amount
    from journeys.touchpoints
    where
        action in ('add_to_cart', 'remove_from_cart', 'checkout')
        -- A payment that failed is no activity of the cart, but tells how the person wanted to pay.
        or (action = 'error' and coalesce(payment_method, cast(shipping as text), coupon) is not null)
),

ordered as (
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

timeline as (
    select person_id, occurred_at, sequence, touchpoint_id as row_id, action, cart_id, 0 as is_order from kept
    union all
    select person_id, ordered_at, null, order_id, 'order', null, 1 from ordered
),

placed as (
    select
        person_id,
        occurred_at,
        row_id,
        action,
        cart_id,
        is_order,
        row_number() over (
            partition by person_id order by occurred_at, is_order, sequence nulls last, row_id
        ) as position,
        cast(coalesce(sum(is_order) over (
            partition by person_id order by occurred_at, is_order, sequence nulls last, row_id
            rows between unbounded preceding and 1 preceding
        ), 0) as bigint) as orders_before,
        max(case when action <> 'error' then occurred_at end) over (
            partition by person_id order by occurred_at, is_order, sequence nulls last, row_id
            rows between unbounded preceding and 1 preceding
        ) as active_before_at
    from timeline
),

spans as (
    select
        placed.person_id,
        placed.occurred_at,
        placed.row_id,
        placed.action,
        placed.cart_id,
        placed.is_order,
        placed.position,
        placed.orders_before + cast(sum(
            case
                when
                    placed.action <> 'error'
                    and elapsed_seconds(placed.active_before_at, placed.occurred_at) > shop.inactivity_seconds
                    then 1
                else 0
            end
        ) over (partition by placed.person_id order by placed.position rows unbounded preceding) as bigint) as span
    from placed
    cross join settings.shop as shop
),

ids as (
    select
        person_id,
        cart_id,
        min(span) as span,
        min(position) as first_position,
        arg_min(action, position) as first_action
    from spans
    where cart_id is not null and action <> 'error'
    group by person_id, cart_id
),

renamed as (
    select later.person_id, later.cart_id, arg_max(earlier.cart_id, earlier.first_position) as cart_name
    from ids as later
    inner join ids as earlier
        on
            later.person_id = earlier.person_id
            and later.span = earlier.span
            and later.first_position > earlier.first_position
    where later.first_action <> 'add_to_cart' and earlier.first_action = 'add_to_cart'
    group by later.person_id, later.cart_id
),

named as (
    select ids.person_id, ids.cart_id, ids.span, ids.first_position, coalesce(renamed.cart_name, ids.cart_id) as cart_name
    from ids
    left join renamed on ids.person_id = renamed.person_id and ids.cart_id = renamed.cart_id
),

without_id as (
    select
        spans.person_id,
        spans.position,
        coalesce(
            arg_max(named.cart_name, named.first_position) filter (where named.first_position < spans.position),
            arg_min(named.cart_name, named.first_position)
        ) as cart_name
    from spans
    inner join named on spans.person_id = named.person_id and spans.span = named.span
    where spans.cart_id is null and spans.is_order = 0
    group by spans.person_id, spans.position
),

keyed as (
    select
        spans.person_id,
        spans.row_id,
        spans.position,
        spans.occurred_at,
        spans.action,
        spans.action = 'add_to_cart' or (spans.action <> 'error' and spans.cart_id is not null) as can_open,
        coalesce(
            'id ' || coalesce(named.cart_name, spans.cart_id), 'id ' || without_id.cart_name, 'span ' || spans.span
        ) as cart_key
    from spans
    left join named on spans.person_id = named.person_id and spans.cart_id = named.cart_id
    left join without_id on spans.person_id = without_id.person_id and spans.position = without_id.position
    where spans.is_order = 0
),

opened as (
    select person_id, cart_key, min(position) as opened_position, min(occurred_at) as opened_at
    from keyed
    where can_open
    group by person_id, cart_key
),

order_carts as (
    select
        spans.person_id,
        spans.row_id as order_id,
        spans.position as order_position,
        arg_max(opened.cart_key, opened.opened_position) as cart_key
    from spans
    inner join opened on spans.person_id = opened.person_id and spans.position > opened.opened_position
    where spans.is_order = 1
    group by spans.person_id, spans.row_id, spans.position
),

first_orders as (
    select person_id, cart_key, min(order_position) as order_position, arg_min(order_id, order_position) as order_id
    from order_carts
    group by person_id, cart_key
),

lived as (
    select
        opened.person_id,
        opened.cart_key,
        opened.opened_at,
        opened.opened_position,
        first_orders.order_position,
        ordered.order_id,
        ordered.ordered_at,
        ordered.net_revenue,
        ordered.session_id as order_session_id,
        ordered.is_cancelled,
        ordered.is_fully_refunded
    from opened
    left join first_orders on opened.person_id = first_orders.person_id and opened.cart_key = first_orders.cart_key
    left join ordered on first_orders.person_id = ordered.person_id and first_orders.order_id = ordered.order_id
),

of_cart as (
    select
        keyed.person_id,
        keyed.cart_key,
        keyed.row_id,
        keyed.position,
        keyed.occurred_at,
        keyed.action,
        lived.opened_at,
        lived.ordered_at
    from keyed
    inner join lived on keyed.person_id = lived.person_id and keyed.cart_key = lived.cart_key
    where
        keyed.position >= lived.opened_position
        and (lived.order_position is null or keyed.position < lived.order_position)
),

changes as (
    select
        of_cart.person_id,
        of_cart.cart_key,
        of_cart.position,
        of_cart.occurred_at,
        of_cart.action,
        of_cart.opened_at,
        of_cart.ordered_at,
        kept.product_id,
        kept.session_id,
        kept.device,
        case of_cart.action when 'add_to_cart' then kept.quantity when 'remove_from_cart' then -kept.quantity else 0 end
            as change,
        case when of_cart.action <> 'checkout' then kept.amount / nullif(cast(kept.quantity as double), 0) end as price,
        case when of_cart.action = 'checkout' then kept.amount end as checkout_value
    from of_cart
    inner join kept on of_cart.person_id = kept.person_id and of_cart.row_id = kept.touchpoint_id
    where of_cart.action <> 'error'
),

-- A line's price is the last one seen of the product.
totals as (
    select
        person_id,
        cart_key,
        position,
        product_id,
        change,
        cast(sum(change) over (
            partition by person_id, cart_key, product_id order by position rows unbounded preceding
        ) as decimal(38, 4)) as total,
        last_value(price ignore nulls) over (
            partition by person_id, cart_key, product_id order by position rows unbounded preceding
        ) as price
    from changes
),

-- Never below none: what went below is added again from then on.
balances as (
    select
        person_id,
        cart_key,
        position,
        total - least(min(total) over (
            partition by person_id, cart_key, product_id order by position rows unbounded preceding
        ), 0) as pieces,
        total - change - least(coalesce(min(total) over (
            partition by person_id, cart_key, product_id order by position
            rows between unbounded preceding and 1 preceding
        ), 0), 0) as pieces_before,
        coalesce(price, 0) as price,
        coalesce(lag(price) over (partition by person_id, cart_key, product_id order by position), 0) as price_before
    from totals
),

held as (
    select
        changes.person_id,
        changes.cart_key,
        changes.position,
        changes.occurred_at,
        changes.opened_at,
        changes.ordered_at,
        lead(changes.occurred_at) over (
            partition by changes.person_id, changes.cart_key order by changes.position
        ) as next_at,
        max(case when changes.action = 'checkout' then 0 else 1 end) over (
            partition by changes.person_id, changes.cart_key order by changes.position rows unbounded preceding
        ) = 1 as is_known,
        cast(sum(balances.pieces - balances.pieces_before) over (
            partition by changes.person_id, changes.cart_key order by changes.position rows unbounded preceding
        ) as decimal(38, 4)) as pieces,
        cast(sum(
            case when balances.pieces > 0 then 1 else 0 end - case when balances.pieces_before > 0 then 1 else 0 end
        ) over (
            partition by changes.person_id, changes.cart_key order by changes.position rows unbounded preceding
        ) as bigint) as lines,
        cast(sum(
            cast(round(cast(balances.pieces as double) * balances.price, 4) as decimal(38, 4))
            - cast(round(cast(balances.pieces_before as double) * balances.price_before, 4) as decimal(38, 4))
        ) over (
            partition by changes.person_id, changes.cart_key order by changes.position rows unbounded preceding
        ) as decimal(38, 4)) as lines_value,
        last_value(changes.checkout_value ignore nulls) over (
            partition by changes.person_id, changes.cart_key order by changes.position rows unbounded preceding
        ) as checkout_value
    from changes
    inner join balances
        on
            changes.person_id = balances.person_id
            and changes.cart_key = balances.cart_key
            and changes.position = balances.position
),

-- Abandoned: no cart or checkout activity and no order within 24 h of an activity. Whether the last silence has lasted
-- that long yet depends on the data cut-off, so the instant of its beginning is kept. A checkout of a cart that no add
-- was seen of holds something unknown, worth what the checkout says.
silences as (
    select
        person_id,
        cart_key,
        position,
        occurred_at,
        next_at,
        case when is_known then cast(pieces as double) end as piece_count,
        case when is_known then lines end as line_count,
        round(case when is_known then cast(lines_value as double) else checkout_value end, 2) as cart_value,
        pieces > 0 or not is_known as has_items,
        coalesce(elapsed_seconds(occurred_at, coalesce(next_at, ordered_at)) > 86400, true) as is_silent,
        elapsed_seconds(opened_at, occurred_at) <= shop.cart_horizon_seconds as is_early
    from held
    cross join settings.shop as shop
),

contents as (
    select
        person_id,
        cart_key,
        max(occurred_at) as last_activity_at,
        arg_max(piece_count, position) as piece_count,
        arg_max(line_count, position) as line_count,
        arg_max(cart_value, position) as cart_value,
        arg_max(has_items, position) as has_items,
        arg_max(has_items, position) filter (where is_early) as had_items_at_horizon,
        bool_or(has_items) as has_held_items,
        min(occurred_at) filter (where is_silent) as silent_since,
        min(occurred_at) filter (where is_silent and has_items) as abandoned_since,
        max(occurred_at) filter (where is_silent and has_items) as left_at,
        arg_max(coalesce(next_at, occurred_at), position) filter (where is_silent and has_items) as next_at,
        arg_max(line_count, position) filter (where is_silent and has_items) as left_line_count,
        arg_max(cart_value, position) filter (where is_silent and has_items) as left_value
    from silences
    group by person_id, cart_key
),

activity_of_cart as (
    select
        person_id,
        cart_key,
        min(case when action = 'checkout' then occurred_at end) as checkout_at,
        cast(count(distinct session_id) as bigint) as session_count,
        arg_min(device, position) filter (where device is not null) as device
    from changes
    group by person_id, cart_key
),

-- What was last said of paying and sending, until the cart was abandoned: 24 h after it was last left.
details as (
    select
        of_cart.person_id,
        of_cart.cart_key,
        arg_max(kept.payment_method, of_cart.position) filter (where kept.payment_method is not null) as payment_method,
        arg_max(kept.shipping, of_cart.position) filter (where kept.shipping is not null) as shipping,
        arg_max(kept.coupon, of_cart.position) filter (where kept.coupon is not null) as coupon
    from of_cart
    inner join kept on of_cart.person_id = kept.person_id and of_cart.row_id = kept.touchpoint_id
    inner join contents on of_cart.person_id = contents.person_id and of_cart.cart_key = contents.cart_key
    where
        coalesce(kept.payment_method, cast(kept.shipping as text), kept.coupon) is not null
        and coalesce(elapsed_seconds(contents.left_at, of_cart.occurred_at) <= 86400, true)
    group by of_cart.person_id, of_cart.cart_key
)

select
    lived.person_id || '-' || lived.cart_key as cart_id,  -- person, and the source's cart id or the span between orders
    lived.person_id,            -- of journeys.people
    lived.opened_at,            -- UTC instant of the first add, or at which its id is first seen
    contents.last_activity_at,  -- UTC instant of the last cart or checkout activity before the order
    activity_of_cart.checkout_at,  -- UTC instant of the first checkout activity; null: none
    contents.silent_since,      -- UTC instant of the first activity after which there was none, nor an order, for 24 h
    contents.abandoned_since,   -- the first such instant at which it held something
    contents.left_at,           -- the last such instant at which it held something
    activity_of_cart.session_count,  -- sessions in which it was touched
    activity_of_cart.device,    -- on which it was opened
    contents.piece_count,        -- pieces left in it; null: no add nor removal was seen
    contents.line_count,         -- products left in it; null: no add nor removal was seen
    contents.cart_value,         -- of what is left, each product at its last seen price, in the shop's currency; null: unknown
    contents.has_items,          -- something is left in it
    contents.left_line_count,  -- products in it at left_at
    contents.left_value,  -- of its lines at left_at, in the shop's currency
    details.payment_method,     -- last chosen before it was left, else before the order; null: not seen
    details.shipping,           -- shipping cost last shown before it was left, else before the order; null: not seen
    details.coupon,             -- coupon last seen before it was left, else before the order; null: none
    lived.order_id,             -- the order that closed it; null: none
    lived.ordered_at,           -- UTC instant of that order
    lived.net_revenue,          -- of that order
    coalesce(lived.is_cancelled, false) as is_cancelled,  -- that order was cancelled
    coalesce(lived.is_fully_refunded, false) as is_refunded,  -- that order was refunded in full
    buying.device as ordered_device,  -- of that order's session; null: no order, or no session of it is known
    coalesce(
        case when contents.next_at > contents.left_at then contents.next_at end,
        case when buying.started_at > contents.left_at then buying.started_at end,
        case when contents.left_at is not null then lived.ordered_at end
    ) as came_back_at,          -- after left_at: the cart's next activity, else the start of the order's session, else the order
    case when contents.left_at is not null and lived.order_id is not null then coalesce(buying.channel, 'unknown') end
        as came_back_channel,   -- of the order's session, where a left cart was ordered; unknown: no session of it is known
    coalesce(
        elapsed_seconds(lived.opened_at, lived.ordered_at) > shop.cart_horizon_seconds, true
    ) and not contents.had_items_at_horizon as is_emptied,  -- within its horizon the person removed all and ordered nothing
    case
        when activity_of_cart.checkout_at is not null then 'checkout'
        when contents.has_held_items then 'cart'
        else 'browse'
    end as level_reached,       -- browse (nothing was ever in it), cart or checkout
from lived
cross join settings.shop as shop
inner join contents on lived.person_id = contents.person_id and lived.cart_key = contents.cart_key
inner join activity_of_cart
    on lived.person_id = activity_of_cart.person_id and lived.cart_key = activity_of_cart.cart_key
left join details on lived.person_id = details.person_id and lived.cart_key = details.cart_key
left join journeys.sessions as buying
    on lived.person_id = buying.person_id and lived.order_session_id = buying.session_id
