-- One row per item of a touchpoint of a cart, from the cart's opening to its order: how many pieces of the product are
-- in the cart after it, and the price of one. A touchpoint with one item, or with none that is known, has one row.
-- A cart opens with its first add, or with its id; an order belongs to the last cart of the person that was opened
-- before it, and the first one closes the cart.
-- Of a touchpoint with several items (staging.event_items) each changes its own product, in their order.
-- A product's pieces never go below none: what was removed unseen is not owed. A product's price is the last one seen
-- of it in this cart.
-- key: person_id, position, item
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

all_items as (
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
    from all_items as activity
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
)

-- Never below none: what went below is added again from then on.
select
    person_id,                  -- of journeys.people
    position,                   -- of journeys.cart_activity
    item,                       -- among those of its touchpoint, from 1
    item_count,                 -- items of the touchpoint
    cart_key,                   -- of journeys.cart_activity
    occurred_at,                -- UTC instant
    opened_at,                  -- UTC instant of the cart's opening
    order_id,                   -- the order that closes the cart; null: none
    is_activity,                -- false: a payment that failed, which tells how the person wanted to pay
    is_change,                  -- an add or a removal
    product_id,                 -- as the source says; null: it does not
    total - least(min(total) over so_far, 0) as pieces,  -- of the product, after it
    total - change - least(coalesce(min(total) over earlier, 0), 0) as pieces_before,  -- of the product, before it
    last_price as price,        -- of one piece, the last one seen by then, in the shop's currency; null: none was
    lag(last_price) over in_time as price_before,  -- the same before it
    checkout_value,             -- of what is checked out; null: no checkout, or it does not say
from totals
window
    in_time as (partition by person_id, cart_key, product_id order by position, item),
    so_far as (partition by person_id, cart_key, product_id order by position, item rows unbounded preceding),
    earlier as (
        partition by person_id, cart_key, product_id order by position, item
        rows between unbounded preceding and 1 preceding
    )
