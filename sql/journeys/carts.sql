-- One row per cart: it opens at the first add after no open cart of the person, or with its cart id, lives across
-- sessions and devices, and closes by the orders export. Facts and instants only; abandoned, recovered or still open
-- depends on the data cut-off and is said in metrics.
-- Without cart ids, a person's cart activity up to an order is one cart, unless it was silent for longer than the
-- journey's inactivity limit. An order belongs to the last cart of the person that was opened before it.
-- key: cart_id
with activity as (
    select
        person_id,
        touchpoint_id,
        occurred_at,
        action,
        cart_id,
        product_id,
        session_id,
        device,
        coalesce(quantity, 1) as quantity,
        cast(coalesce(value, 0) as double) as amount
    from journeys.touchpoints
    where action in ('add_to_cart', 'remove_from_cart', 'checkout')
),

orders as (
    select person_id, order_id, ordered_at, net_revenue, is_void from journeys.order_sessions
),

timeline as (
    select person_id, occurred_at, touchpoint_id, 0 as is_order from activity where cart_id is null
    union all
    select person_id, ordered_at, order_id, 1 from orders
),

spans as (
    select
        person_id,
        touchpoint_id,
        cast(coalesce(sum(is_order) over (
            partition by person_id order by occurred_at, is_order, touchpoint_id
            rows between unbounded preceding and 1 preceding
        ), 0) as bigint) as orders_before,
        is_order,
        case
            when date_diff(
                'microsecond',
                lag(occurred_at) over (partition by person_id order by occurred_at, is_order, touchpoint_id),
                occurred_at
            ) > shop.inactivity_seconds * 1000000
                then 1
            else 0
        end as follows_silence,
        occurred_at
    from timeline
    cross join settings.shop as shop
),

ledger_keys as (
    select
        person_id,
        touchpoint_id,
        'span ' || orders_before || '.' || cast(sum(follows_silence) over (
            partition by person_id order by occurred_at, is_order, touchpoint_id rows unbounded preceding
        ) as bigint) as cart_key
    from spans
    where is_order = 0
),

keyed as (
    select
        activity.*,
        coalesce('id ' || activity.cart_id, ledger_keys.cart_key) as cart_key
    from activity
    left join ledger_keys
        on activity.person_id = ledger_keys.person_id and activity.touchpoint_id = ledger_keys.touchpoint_id
),

opened as (
    select person_id, cart_key, min(occurred_at) as opened_at
    from keyed
    where action = 'add_to_cart' or cart_id is not null
    group by person_id, cart_key
),

of_cart as (
    select keyed.*
    from keyed
    inner join opened on keyed.person_id = opened.person_id and keyed.cart_key = opened.cart_key
    where keyed.occurred_at >= opened.opened_at
),

order_carts as (
    select
        orders.order_id,
        orders.person_id,
        orders.ordered_at,
        orders.net_revenue,
        orders.is_void,
        opened.cart_key
    from orders
    inner join opened on orders.person_id = opened.person_id and opened.opened_at <= orders.ordered_at
    qualify row_number() over (partition by orders.order_id order by opened.opened_at desc, opened.cart_key) = 1
),

first_orders as (
    select person_id, cart_key, order_id, ordered_at, net_revenue, is_void
    from order_carts
    qualify row_number() over (partition by person_id, cart_key order by ordered_at, order_id) = 1
),

balances as (
    select
        keyed.person_id,
        keyed.cart_key,
        keyed.product_id,
        cast(sum(
            case keyed.action
                when 'add_to_cart' then keyed.quantity
                when 'remove_from_cart' then -keyed.quantity
                else 0
            end
        ) as double) as pieces,
        cast(sum(
            case keyed.action
                when 'add_to_cart' then keyed.amount
                when 'remove_from_cart' then -keyed.amount
                else 0
            end
        ) as double) as amount
    from of_cart as keyed
    left join first_orders on keyed.person_id = first_orders.person_id and keyed.cart_key = first_orders.cart_key
    where first_orders.ordered_at is null or keyed.occurred_at <= first_orders.ordered_at
    group by keyed.person_id, keyed.cart_key, keyed.product_id
),

early_pieces as (
    select keyed.person_id, keyed.cart_key, keyed.product_id, cast(sum(
        case keyed.action when 'add_to_cart' then keyed.quantity when 'remove_from_cart' then -keyed.quantity else 0 end
    ) as double) as pieces
    from of_cart as keyed
    inner join opened on keyed.person_id = opened.person_id and keyed.cart_key = opened.cart_key
    cross join settings.shop as shop
    where date_diff('microsecond', opened.opened_at, keyed.occurred_at) <= shop.cart_horizon_seconds * 1000000
    group by keyed.person_id, keyed.cart_key, keyed.product_id
),

early as (
    select person_id, cart_key, cast(sum(greatest(pieces, 0)) as double) as piece_count
    from early_pieces
    group by person_id, cart_key
),

contents as (
    select
        person_id,
        cart_key,
        cast(sum(greatest(pieces, 0)) as double) as piece_count,
        cast(sum(case when pieces > 0 then amount else 0 end) as double) as amount
    from balances
    group by person_id, cart_key
),

-- Abandoned: no cart or checkout activity and no order within 24 h of an activity. Whether the last silence has lasted
-- that long yet depends on the data cut-off, so the instant of its beginning is kept.
silences as (
    select
        keyed.person_id,
        keyed.cart_key,
        keyed.occurred_at,
        sum(
            case keyed.action when 'add_to_cart' then keyed.quantity when 'remove_from_cart' then -keyed.quantity else 0 end
        ) over (
            partition by keyed.person_id, keyed.cart_key order by keyed.occurred_at, keyed.touchpoint_id
            rows unbounded preceding
        ) > 0 as has_items,
        coalesce(
            lead(keyed.occurred_at) over (
                partition by keyed.person_id, keyed.cart_key order by keyed.occurred_at, keyed.touchpoint_id
            ),
            first_orders.ordered_at
        ) as continued_at
    from of_cart as keyed
    left join first_orders on keyed.person_id = first_orders.person_id and keyed.cart_key = first_orders.cart_key
    where first_orders.ordered_at is null or keyed.occurred_at <= first_orders.ordered_at
),

first_silences as (
    select person_id, cart_key, min(occurred_at) as silent_since, min(case when has_items then occurred_at end) as abandoned_since
    from silences
    where coalesce(date_diff('microsecond', occurred_at, continued_at) > 86400000000, true)
    group by person_id, cart_key
),

activity_of_cart as (
    select
        keyed.person_id,
        keyed.cart_key,
        max(keyed.occurred_at) as last_activity_at,
        min(case when keyed.action = 'checkout' then keyed.occurred_at end) as checkout_at,
        cast(count(distinct keyed.session_id) as bigint) as session_count,
        arg_min(keyed.device, (keyed.occurred_at, keyed.touchpoint_id)) as device
    from of_cart as keyed
    left join first_orders on keyed.person_id = first_orders.person_id and keyed.cart_key = first_orders.cart_key
    where first_orders.ordered_at is null or keyed.occurred_at <= first_orders.ordered_at
    group by keyed.person_id, keyed.cart_key
)

select
    opened.person_id || '-' || opened.cart_key as cart_id,  -- person, and the source's cart id or the span between orders
    opened.person_id,           -- of journeys.people
    opened.opened_at,           -- UTC instant of the first add, or at which its id is first seen
    activity_of_cart.last_activity_at,  -- UTC instant of the last cart or checkout activity before the order
    activity_of_cart.checkout_at,  -- UTC instant of the first checkout activity; null: none
    first_silences.silent_since,  -- UTC instant of the first activity after which there was none, nor an order, for 24 h
    first_silences.abandoned_since,  -- the first such instant at which it held something
    activity_of_cart.session_count,  -- sessions in which it was touched
    activity_of_cart.device,    -- on which it was opened
    coalesce(contents.piece_count, 0) as piece_count,  -- pieces left in it
    round(coalesce(contents.amount, 0), 2) as cart_value,  -- of those pieces, in the shop's currency
    first_orders.order_id,      -- the order that closed it; null: none
    first_orders.ordered_at,    -- UTC instant of that order
    first_orders.net_revenue,   -- of that order
    coalesce(
        date_diff('microsecond', opened.opened_at, first_orders.ordered_at) > shop.cart_horizon_seconds * 1000000, true
    ) and coalesce(early.piece_count, 0) <= 0 as is_emptied,  -- within its horizon the person removed all and ordered nothing
    case when activity_of_cart.checkout_at is not null then 'checkout' else 'cart' end as level_reached,  -- cart or checkout
from opened
cross join settings.shop as shop
left join early on opened.person_id = early.person_id and opened.cart_key = early.cart_key
inner join activity_of_cart
    on opened.person_id = activity_of_cart.person_id and opened.cart_key = activity_of_cart.cart_key
left join contents on opened.person_id = contents.person_id and opened.cart_key = contents.cart_key
left join first_silences on opened.person_id = first_silences.person_id and opened.cart_key = first_silences.cart_key
left join first_orders on opened.person_id = first_orders.person_id and opened.cart_key = first_orders.cart_key
