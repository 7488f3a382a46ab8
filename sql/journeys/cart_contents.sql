-- One row per touchpoint of a cart, from its opening to its order: what is in the cart after it, summed over the
-- products of journeys.cart_items. With a product in it of which no price was seen, the cart's value is unknown. A
-- checkout of a cart that no add was seen of holds something unknown, worth what it says.
-- key: person_id, position
-- keyed by: person_id
with items as (
    select
        person_id, position, item, item_count, cart_key, occurred_at, opened_at, order_id, is_activity, is_change,
        pieces, pieces_before, checkout_value,
        coalesce(price, 0) as piece_price,
        coalesce(price_before, 0) as piece_price_before,
        price is null as is_unpriced,
        price_before is null as was_unpriced
    from journeys.cart_items
),

contents as (
    select
        items.*,
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
    from items
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
