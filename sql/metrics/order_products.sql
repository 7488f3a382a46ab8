-- One row per order and product: pieces, what is left of the order's net revenue for it, and what became of the order.
-- Net revenue is the order's, shared out by the value of its lines (equally, where these add up to next to nothing),
-- to the cent: products add up to orders, and these to the headline. Lines without a product id, and orders of which
-- no line is known, are of the product `unknown`, so that nothing is lost. Screened people's orders are left out as
-- everywhere.
-- key: order_id, product_id
with all_lines as (
    select
        orders.order_id,
        orders.net_revenue,
        lines.line_id,
        coalesce(aliases.product_id, lines.product_id, 'unknown') as product_id,
        lines.quantity,
        cast(coalesce(lines.quantity * cast(lines.unit_price as double), 0) as decimal(38, 4)) as value
    from journeys.order_sessions as orders
    left join staging.order_lines as lines on orders.order_id = lines.order_id
    left join metrics.product_aliases as aliases on lines.product_id = aliases.line_product_id
),

places as (
    select
        order_id,
        net_revenue,
        line_id,
        product_id,
        quantity,
        cast(sum(value) over so_far as double) as value_until,
        cast(sum(value) over (partition by order_id) as double) as order_value,
        row_number() over (partition by order_id order by line_id) as place,
        count(*) over (partition by order_id) as place_count
    from all_lines
    window so_far as (partition by order_id order by line_id rows unbounded preceding)
),

-- Where lines of opposite signs leave next to nothing, a share of it would be a multiple without meaning.
bases as (
    select
        *,
        max(abs(value_until)) over (partition by order_id) >= 1000 * abs(order_value) as is_shared_equally
    from places
),

-- Shares are rounded one after the other, the last line has the rest: no cent is lost.
shares as (
    select
        *,
        cast(
            case
                when place = place_count then net_revenue
                when is_shared_equally then round(cast(net_revenue as double) * place / nullif(place_count, 0), 2)
                else round(cast(net_revenue as double) * (value_until / nullif(order_value, 0)), 2)
            end as decimal(36, 2)
        ) as revenue_until
    from bases
),

line_revenue as (
    select
        *,
        cast(
            revenue_until - coalesce(lag(revenue_until) over (partition by order_id order by line_id), 0)
            as decimal(36, 2)
        ) as revenue
    from shares
),

products as (
    select
        order_id,
        product_id,
        cast(count(line_id) as bigint) as line_count,
        coalesce(cast(sum(cast(quantity as decimal(38, 4))) as double), 0) as piece_count,
        cast(sum(revenue) as decimal(36, 2)) as net_revenue,
        coalesce(bool_or(quantity < 0), false) as has_return_line
    from line_revenue
    group by order_id, product_id
),

answers as (
    select
        order_id,
        cast(count(*) as bigint) as answer_count,
        cast(count(*) filter (where is_satisfied) as bigint) as satisfied_count
    from journeys.survey_answers
    where order_id is not null
    group by order_id
)

select
    products.order_id,          -- of staging.orders
    products.product_id,        -- as the click-stream knows it (metrics.product_aliases), else as the order; unknown: not said
    orders.person_id,           -- of journeys.people; null: nobody known
    orders.ordered_at,          -- UTC instant of placing
    orders.ordered_on,          -- shop day of placing
    orders.is_web,              -- placed on the web
    products.line_count,        -- lines of it; 0: no line of the order is known
    products.piece_count,       -- pieces, less those of return lines
    products.net_revenue,       -- its share of the order's, in the shop's currency; null: the order's is not known
    exported.is_cancelled,      -- the order was
    exported.state in ('refunded', 'partly_refunded') as is_refunded,  -- the order was, in full or in part
    exported.state = 'returned' or exported.returned_at is not null or products.has_return_line
        as is_returned,         -- the order's goods came back, or a line of the product is a return
    exported.delivered_at is not null as is_delivered,  -- the order was
    exported.is_late,           -- the order was delivered later than promised
    coalesce(answers.answer_count, 0) as answer_count,  -- to surveys about the order
    coalesce(answers.satisfied_count, 0) as satisfied_count,  -- of these, satisfied
from products
inner join journeys.order_sessions as orders on products.order_id = orders.order_id
inner join staging.orders as exported on products.order_id = exported.order_id
left join answers on products.order_id = answers.order_id
