-- One row per touchpoint of a cart, from its opening to its order: what is in the cart after it.
-- A cart opens with its first add, or with its id; an order belongs to the last cart of the person that was opened
-- before it, and the first one closes the cart.
-- Of a touchpoint with several items (staging.event_items) each changes its own product, in their order.
-- A product's pieces never go below none: what was removed unseen is not owed. A line's price is the last one seen of
-- the product in this cart; with a line of which none was seen, the cart's value is unknown. A checkout of a cart that no add was seen of holds something unknown, worth what it says.
-- key: person_id, position
-- keyed by: person_id
with openings as (
    select person_id, cart_key, min(position) as opened_position, min(occurred_at) as opened_at
    from journeys.cart_activity
    where can_open
    group by person_id, cart_key
),

order_carts as (
    select
        activity.person_id,
        activity.order_id,
        activity.position as order_position,
        arg_max(openings.cart_key, openings.opened_position) as cart_key
    from journeys.cart_activity as activity
    inner join openings
        on activity.person_id = openings.person_id and activity.position > openings.opened_position
    where activity.action = 'order'
    group by activity.person_id, activity.order_id, activity.position
),

closings as (
    select person_id, cart_key, min(order_position) as order_position, arg_min(order_id, order_position) as order_id
    from order_carts
    group by person_id, cart_key
),

-- A touchpoint with one item, or none that is known, has one row.
cart_items as (
    select
        activity.person_id,
        activity.cart_key,
        activity.position,
        activity.occurred_at,
        activity.action,
        coalesce(items.position, 1) as item,
        coalesce(items.item_count, 1) as item_count,
        case when items.item_count > 1 then items.product_id else activity.product_id end as product_id,
        case
            when items.item_count > 1 then coalesce(try_cast(items.quantity as decimal(18, 4)), 1)
            else activity.quantity
        end as quantity,
        case
            when items.item_count > 1 then cast(items.price as double)
            else activity.value / nullif(cast(activity.quantity as double), 0)
        end as price,
        activity.value
    from journeys.cart_activity as activity
    left join staging.event_items as items
        on
            activity.identifier = items.identifier
            and activity.touchpoint_id = 'event:' || items.event_id
            and activity.action in ('add_to_cart', 'remove_from_cart')
),

changes as (
    select
        activity.person_id,
        activity.cart_key,
        activity.position,
        activity.item,
        activity.item_count,
        activity.occurred_at,
        activity.action <> 'error' as is_activity,
        activity.action in ('add_to_cart', 'remove_from_cart') as is_change,
        activity.product_id,
        case activity.action
            when 'add_to_cart' then activity.quantity
            when 'remove_from_cart' then -activity.quantity
            else 0
        end as change,
        case when activity.action in ('add_to_cart', 'remove_from_cart') then activity.price end as price,
        case when activity.action = 'checkout' then activity.value end as checkout_value,
        openings.opened_at,
        closings.order_id
    from cart_items as activity
    inner join openings on activity.person_id = openings.person_id and activity.cart_key = openings.cart_key
    left join closings on activity.person_id = closings.person_id and activity.cart_key = closings.cart_key
    where
        activity.position >= openings.opened_position
        and (closings.order_position is null or activity.position < closings.order_position)
),

totals as (
    select
        changes.*,
        cast(sum(change) over so_far as decimal(38, 4)) as total,
        last_value(price ignore nulls) over so_far as last_price
    from changes
    window
        so_far as (partition by person_id, cart_key, product_id order by position, item rows unbounded preceding)
),

-- Never below none: what went below is added again from then on.
balances as (
    select
        totals.*,
        total - least(min(total) over so_far, 0) as pieces,
        total - change - least(coalesce(min(total) over earlier, 0), 0) as pieces_before,
        coalesce(last_price, 0) as piece_price,
        coalesce(lag(last_price) over in_time, 0) as piece_price_before,
        last_price is null as is_unpriced,
        lag(last_price) over in_time is null as was_unpriced
    from totals
    window
        in_time as (partition by person_id, cart_key, product_id order by position, item),
        so_far as (partition by person_id, cart_key, product_id order by position, item rows unbounded preceding),
        earlier as (
            partition by person_id, cart_key, product_id order by position, item
            rows between unbounded preceding and 1 preceding
        )
),

contents as (
    select
        balances.*,
        lead(case when is_activity then occurred_at end ignore nulls) over in_time as next_at,
        max(case when is_change then 1 else 0 end) over so_far = 1 as is_known,
        cast(sum(pieces - pieces_before) over so_far as decimal(38, 4)) as cart_pieces,
        cast(sum(
            case when pieces > 0 then 1 else 0 end - case when pieces_before > 0 then 1 else 0 end
        ) over so_far as bigint) as cart_lines,
        cast(sum(
            case when pieces > 0 and is_unpriced then 1 else 0 end
            - case when pieces_before > 0 and was_unpriced then 1 else 0 end
        ) over so_far as bigint) as unpriced_lines,
        cast(sum(
            cast(round(cast(pieces as double) * piece_price, 4) as decimal(38, 4))
            - cast(round(cast(pieces_before as double) * piece_price_before, 4) as decimal(38, 4))
        ) over so_far as decimal(38, 4)) as lines_value,
        last_value(checkout_value ignore nulls) over so_far as last_checkout_value
    from balances
    window
        in_time as (partition by person_id, cart_key order by position, item),
        so_far as (partition by person_id, cart_key order by position, item rows unbounded preceding)
)

select
    person_id,                  -- of journeys.people
    position,                   -- of journeys.cart_activity
    cart_key,                   -- of journeys.cart_activity
    opened_at,                  -- UTC instant of the cart's opening
    order_id,                   -- the order that closes the cart; null: none
    is_activity,                -- false: a payment that failed, which tells how the person wanted to pay
    next_at,                    -- UTC instant of the cart's next activity before the order; null: none
    case when is_known then cast(cart_pieces as double) end as piece_count,  -- pieces in it; null: no add nor removal was seen
    case when is_known then cart_lines end as line_count,  -- products in it; null: no add nor removal was seen
    round(
        case
            when not is_known then last_checkout_value
            when unpriced_lines = 0 then cast(lines_value as double)
        end,
        2
    ) as value,                 -- of what is in it, in the shop's currency; null: unknown
    cart_pieces > 0 or not is_known as has_items,  -- something is in it
from contents
where item = item_count
