-- One row per product: how many people viewed it, put it into a cart and ordered it; how much of it is left in carts;
-- pieces and net revenue; what became of its orders, and how satisfied they left their customers. What names no
-- product is of the product `unknown`: pieces and net revenue add up to those of all orders, and what is left to that
-- of all abandoned carts.
-- The rates are over people whose first view, or first add, is matured; those of an order over its orders.
-- key: product_id
with knobs as (
    select small_cell from settings.shop
),

line_names as (
    select
        coalesce(aliases.product_id, lines.product_id) as product_id,
        max(lines.product_name) as product_name,
        list(distinct lines.product_id order by lines.product_id) as line_product_ids
    from staging.order_lines as lines
    left join metrics.product_aliases as aliases on lines.product_id = aliases.line_product_id
    where lines.product_id is not null
    group by 1
),

item_names as (
    select product_id, max(product_name) as product_name
    from staging.event_items
    where product_name is not null
    group by product_id
),

people as (
    select
        product_id,
        cast(count(first_viewed_at) as bigint) as viewed_count,
        cast(count(*) filter (where view_state = 'matured') as bigint) as viewed_matured_count,
        cast(count(*) filter (where view_state = 'matured' and is_added_after_view) as bigint)
            as added_after_view_count,
        cast(count(*) filter (where view_state = 'matured' and is_ordered_after_view) as bigint)
            as ordered_after_view_count,
        cast(count(*) filter (where view_state = 'open') as bigint) as viewed_open_count,
        cast(count(*) filter (where view_state in ('uncovered', 'outage')) as bigint) as viewed_uncovered_count,
        cast(count(first_added_at) as bigint) as added_count,
        cast(count(*) filter (where add_state = 'matured') as bigint) as added_matured_count,
        cast(count(*) filter (where add_state = 'matured' and is_ordered_after_add) as bigint)
            as ordered_after_add_count,
        cast(count(*) filter (where add_state = 'open') as bigint) as added_open_count,
        cast(count(*) filter (where add_state in ('uncovered', 'outage')) as bigint) as added_uncovered_count,
        cast(count(first_ordered_at) as bigint) as ordered_count
    from metrics.product_people
    group by product_id
),

left_in_carts as (
    select
        lines.product_id,
        cast(count(*) as bigint) as left_cart_count,
        cast(coalesce(sum(cast(lines.piece_count as decimal(38, 4))), 0) as double) as left_piece_count,
        cast(sum(lines.value) as decimal(36, 2)) as left_value
    from journeys.cart_lines as lines
    inner join metrics.cart_states as states on lines.cart_id = states.cart_id and states.state = 'abandoned'
    where coalesce(lines.piece_count > 0, true)
    group by lines.product_id
),

bought as (
    select
        product_id,
        cast(count(*) as bigint) as order_count,
        cast(sum(cast(piece_count as decimal(38, 4))) as double) as piece_count,
        cast(sum(net_revenue) as decimal(36, 2)) as net_revenue,
        cast(count(*) filter (where is_cancelled) as bigint) as cancelled_count,
        cast(count(*) filter (where is_refunded) as bigint) as refunded_count,
        cast(count(*) filter (where is_returned) as bigint) as returned_count,
        cast(count(*) filter (where is_delivered) as bigint) as delivered_count,
        cast(count(*) filter (where is_delivered and is_late) as bigint) as late_count,
        cast(sum(answer_count) as bigint) as answer_count,
        cast(sum(satisfied_count) as bigint) as satisfied_count
    from metrics.order_products
    group by product_id
),

ids as (
    select product_id from people
    union
    select product_id from left_in_carts
    union
    select product_id from bought
)

select
    ids.product_id,             -- as the click-stream names it, else as order lines do; unknown: nothing says which
    case when ids.product_id <> 'unknown' then coalesce(line_names.product_name, item_names.product_name) end
        as product_name,        -- as orders name it, else as events do; null: nothing does
    line_names.line_product_ids,  -- as order lines name it; null: none does
    coalesce(people.viewed_count, 0) as viewed_count,  -- people who viewed it: the sum of the three counts that follow
    coalesce(people.viewed_matured_count, 0) as viewed_matured_count,  -- of these, whose horizon since the first view is over
    coalesce(people.viewed_open_count, 0) as viewed_open_count,  -- whose is not: in no rate
    coalesce(people.viewed_uncovered_count, 0) as viewed_uncovered_count,  -- before all is known, or on a day without tracking: in no rate
    coalesce(people.added_after_view_count, 0) as added_after_view_count,  -- of the matured, who put it into a cart within the horizon
    rate(people.added_after_view_count, people.viewed_matured_count) as view_to_cart_rate,  -- 0–1
    wilson_low(people.added_after_view_count, people.viewed_matured_count) as view_to_cart_low,  -- Wilson 95 %
    wilson_high(people.added_after_view_count, people.viewed_matured_count) as view_to_cart_high,  -- Wilson 95 %
    coalesce(people.ordered_after_view_count, 0) as ordered_after_view_count,  -- of the matured, who ordered it on the web within the horizon
    rate(people.ordered_after_view_count, people.viewed_matured_count) as view_to_order_rate,  -- 0–1
    wilson_low(people.ordered_after_view_count, people.viewed_matured_count) as view_to_order_low,  -- Wilson 95 %
    wilson_high(people.ordered_after_view_count, people.viewed_matured_count) as view_to_order_high,  -- Wilson 95 %
    coalesce(people.added_count, 0) as added_count,  -- people who put it into a cart: the sum of the three counts that follow
    coalesce(people.added_matured_count, 0) as added_matured_count,  -- of these, whose horizon since the first add is over
    coalesce(people.added_open_count, 0) as added_open_count,  -- whose is not: in no rate
    coalesce(people.added_uncovered_count, 0) as added_uncovered_count,  -- before all is known, or on a day without tracking: in no rate
    coalesce(people.ordered_after_add_count, 0) as ordered_after_add_count,  -- of the matured, who ordered it on the web within the horizon
    rate(people.ordered_after_add_count, people.added_matured_count) as cart_to_order_rate,  -- 0–1
    wilson_low(people.ordered_after_add_count, people.added_matured_count) as cart_to_order_low,  -- Wilson 95 %
    wilson_high(people.ordered_after_add_count, people.added_matured_count) as cart_to_order_high,  -- Wilson 95 %
    coalesce(left_in_carts.left_cart_count, 0) as left_cart_count,  -- abandoned carts that hold it at the data cut-off
    coalesce(left_in_carts.left_piece_count, 0) as left_piece_count,  -- pieces in these
    left_in_carts.left_value,   -- of these, in the shop's currency, as far as prices are known; null: nothing is
    coalesce(people.ordered_count, 0) as ordered_count,  -- known people who ordered it, on the web or not
    coalesce(bought.order_count, 0) as order_count,  -- orders with it
    coalesce(bought.piece_count, 0) as piece_count,  -- pieces ordered, less those of return lines
    bought.net_revenue,         -- in the shop's currency, as far as it is known; null: nothing is
    coalesce(bought.cancelled_count, 0) as cancelled_count,  -- of its orders
    coalesce(bought.refunded_count, 0) as refunded_count,  -- of its orders, in full or in part: exports rarely say of which line
    coalesce(bought.returned_count, 0) as returned_count,  -- of its orders
    rate(bought.returned_count, bought.order_count) as return_rate,  -- 0–1, of its orders
    wilson_low(bought.returned_count, bought.order_count) as return_low,  -- Wilson 95 %
    wilson_high(bought.returned_count, bought.order_count) as return_high,  -- Wilson 95 %
    coalesce(bought.delivered_count, 0) as delivered_count,  -- of its orders
    coalesce(bought.late_count, 0) as late_count,  -- of the delivered, later than promised
    rate(bought.late_count, bought.delivered_count) as late_rate,  -- 0–1, of the delivered
    wilson_low(bought.late_count, bought.delivered_count) as late_low,  -- Wilson 95 %
    wilson_high(bought.late_count, bought.delivered_count) as late_high,  -- Wilson 95 %
    coalesce(bought.answer_count, 0) as answer_count,  -- to surveys about its orders
    coalesce(bought.satisfied_count, 0) as satisfied_count,  -- of these, satisfied
    rate(bought.satisfied_count, bought.answer_count) as csat,  -- 0–1
    wilson_low(bought.satisfied_count, bought.answer_count) as csat_low,  -- Wilson 95 %
    wilson_high(bought.satisfied_count, bought.answer_count) as csat_high,  -- Wilson 95 %
    is_small_cell(people.viewed_matured_count, knobs.small_cell) as is_small,  -- too few people viewed it to rank by their rates
from ids
cross join knobs
left join people on ids.product_id = people.product_id
left join left_in_carts on ids.product_id = left_in_carts.product_id
left join bought on ids.product_id = bought.product_id
left join line_names on ids.product_id = line_names.product_id
left join item_names on ids.product_id = item_names.product_id
