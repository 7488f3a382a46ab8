-- One row per product id of order lines that the click-stream knows by another id: a tracker names the product, the
-- shop's orders the SKU of its variant. Of the orders with the line, those count whose purchase event names as many
-- products as the order has: the product that at least nine in ten of them name, and no other as often, is the same.
-- An id that the click-stream uses itself means itself.
-- key: line_product_id
with known as (
    select distinct product_id from staging.event_items where product_id is not null
),

lines as (
    select distinct order_id, coalesce(product_id, '') as product_id from staging.order_lines
),

purchases as (
    select distinct touchpoints.order_id, coalesce(items.product_id, '') as product_id
    from journeys.touchpoints as touchpoints
    inner join staging.event_items as items
        on touchpoints.identifier = items.identifier and touchpoints.touchpoint_id = 'event:' || items.event_id
    where touchpoints.action = 'purchase' and touchpoints.order_id is not null
),

line_products as (
    select order_id, product_id, count(*) over (partition by order_id) as product_count from lines
),

purchase_products as (
    select order_id, product_id, count(*) over (partition by order_id) as product_count from purchases
),

paired as (
    select
        line_products.product_id as line_product_id,
        purchase_products.product_id,
        cast(count(*) as bigint) as named_count
    from line_products
    inner join purchase_products
        on
            line_products.order_id = purchase_products.order_id
            and line_products.product_count = purchase_products.product_count
    where line_products.product_id <> '' and line_products.product_id not in (select known.product_id from known)
    group by line_products.product_id, purchase_products.product_id
),

compared as (
    select
        line_products.product_id as line_product_id,
        cast(count(distinct line_products.order_id) as bigint) as order_count
    from line_products
    inner join purchase_products
        on
            line_products.order_id = purchase_products.order_id
            and line_products.product_count = purchase_products.product_count
    group by line_products.product_id
),

ranked as (
    select
        *,
        max(named_count) over (partition by line_product_id) as most_count,
        count(*) over (partition by line_product_id, named_count) as equal_count
    from paired
)

select
    ranked.line_product_id,     -- as order lines name it
    ranked.product_id,          -- as the click-stream does
    ranked.named_count,         -- orders with it whose purchase event names that product
    compared.order_count,       -- orders with it whose purchase event names as many products as the order has
from ranked
inner join compared on ranked.line_product_id = compared.line_product_id
where
    ranked.named_count = ranked.most_count
    and ranked.equal_count = 1
    and ranked.product_id <> ''
    and ranked.named_count >= 0.9 * compared.order_count
