-- One row per cart and product that was ever put into it or taken out: what was left of it when the cart was left,
-- else when it was last touched. The lines of a cart add up to its value. A cart that no add nor removal was seen of
-- holds something unknown: one row, of the product `unknown`, worth what its checkout says.
-- key: cart_id, product_id
-- keyed by: person_id
with moments as (
    select
        items.person_id,
        items.cart_key,
        items.position,
        items.item,
        items.occurred_at,
        items.is_change,
        coalesce(items.product_id, 'unknown') as product_id,
        items.pieces,
        items.pieces_before,
        items.price,
        items.checkout_value,
        carts.cart_id,
        max(case when items.is_change then 1 else 0 end) over (partition by items.person_id, items.cart_key) = 1
            as is_known
    from journeys.cart_items as items
    inner join journeys.carts as carts
        on items.person_id = carts.person_id and carts.cart_id = items.person_id || '-' || items.cart_key
    where coalesce(items.occurred_at <= carts.left_at, true)
),

lines as (
    select
        cart_id,
        person_id,
        product_id,
        min(occurred_at) filter (where pieces > pieces_before) as first_added_at,
        arg_max(pieces, (position, item)) as pieces,
        case when arg_max(price is not null, (position, item)) then arg_max(price, (position, item)) end as price
    from moments
    where is_known
    group by cart_id, person_id, product_id
    having bool_or(is_change)
)

select
    cart_id,                    -- of journeys.carts
    person_id,                  -- of journeys.people
    product_id,                 -- as the source says; unknown: it does not
    first_added_at,             -- UTC instant; null: only taken out
    cast(pieces as double) as piece_count,  -- left in it; 0: all were taken out; null: not known
    cast(case when pieces > 0 then round(cast(pieces as double) * price, 4) else 0 end as decimal(38, 4))
        as value,               -- pieces × last price, in the shop's currency; null: no price was seen
from lines
union all
select
    cart_id, person_id, 'unknown', null, null,
    cast(arg_max(checkout_value, (position, item)) filter (where checkout_value is not null) as decimal(38, 4))
from moments
where not is_known
group by cart_id, person_id
