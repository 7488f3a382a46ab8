-- checks: metrics.products
-- severity: error
-- finds: sums over products that differ from those of the orders
-- do: Keep every line and every order in sql/metrics/order_products.sql: what names no product is of the product unknown.
-- Pieces and net revenue of all products are those of all orders.
with of_products as (
    select
        coalesce(sum(cast(piece_count as decimal(38, 4))), 0) as piece_count,
        coalesce(sum(net_revenue), 0) as net_revenue
    from metrics.products
),

of_orders as (
    select coalesce(sum(net_revenue), 0) as net_revenue from journeys.order_sessions
),

of_lines as (
    select coalesce(sum(cast(lines.quantity as decimal(38, 4))), 0) as piece_count
    from staging.order_lines as lines
    where lines.order_id in (select order_id from journeys.order_sessions)
)

select 'pieces' as summed, of_products.piece_count as of_products, of_lines.piece_count as of_orders
from of_products
cross join of_lines
where abs(of_products.piece_count - of_lines.piece_count) > 0.000001 * greatest(abs(of_lines.piece_count), 1)
union all
select 'net revenue', of_products.net_revenue, of_orders.net_revenue
from of_products
cross join of_orders
where of_products.net_revenue <> of_orders.net_revenue
