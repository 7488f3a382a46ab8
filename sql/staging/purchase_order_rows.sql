-- One row per order and item of a shop without an export of orders, by its purchase events; none where there is such an
-- export. In the shape of raw.order_rows, so that staging.exported_orders and order_lines read both alike.
-- However often its event is sent, an order is one: as the first event says it. Its value is the event's (GA4's purchase
-- revenue, Segment's total), of which shipping and tax are not known apart. Refund events are added up; one without a
-- value takes the order back whole.
-- key: order_id, row_key
with numbered as (
    select
        order_id, event_id, occurred_at, anonymous_id, customer_id, email_hash, stated_value, currency, payment_method,
        items,
        row_number() over (partition by order_id order by occurred_at, sequence nulls last, event_id) as place
    from staging.purchase_events
    where tells = 'placed'
),

undone as (
    select
        order_id,
        cast(
            sum(case when tells = 'refunded' then abs(cast(stated_value as decimal(18, 4))) end) as decimal(18, 4)
        ) as refunded,
        bool_or(tells = 'refunded') as is_refunded,
        bool_or(tells = 'refunded' and stated_value is null) as is_refunded_whole,
        max(case when tells = 'refunded' then occurred_at end) as refunded_at,
        min(case when tells = 'cancelled' then occurred_at end) as cancelled_at
    from staging.purchase_events
    where tells <> 'placed' and has_order_id
    group by order_id
),

placed as (
    select
        numbered.*,
        cast(numbered.stated_value as decimal(18, 4)) as order_value,
        coalesce(len(numbered.items), 0) as item_count,
        undone.is_refunded_whole,
        undone.is_refunded,
        undone.refunded,
        undone.refunded_at,
        undone.cancelled_at
    from numbered
    left join undone on numbered.order_id = undone.order_id
    where
        numbered.place = 1
        and not exists (select 1 from raw.loads as loads where loads.kind = 'order_rows' and loads.status = 'loaded')
)

select
    order_id,                   -- as the event says, else made of the event's id
    'order' as row_key,         -- order, or item 1, 2, …
    'order:' || order_id as own_identifier,  -- the order as an identifier of its person
    anonymous_id,               -- the browser or device
    customer_id,                -- the shop's id of the customer, when logged in
    email_hash,                 -- keyed hash of the e-mail
    occurred_at as ordered_at,  -- UTC instant of the first purchase event
    cancelled_at,               -- UTC instant of cancellation
    refunded_at,                -- UTC instant of the last refund
    case when is_refunded_whole then 'refunded' when is_refunded then 'partly_refunded' else 'placed' end as state,  -- placed, partly_refunded or refunded
    currency,                   -- of its amounts, ISO 4217; null: not said, taken for the shop's
    order_value as subtotal,    -- as the event says; null: not said
    order_value as total,       -- the same: what shipping and tax are of it is not known
    case when is_refunded_whole then order_value else refunded end as refunded,  -- so far
    payment_method,             -- as the event says
    cast(null as text) as product_id,  -- product or SKU of an item
    cast(null as text) as product_name,  -- as the event says
    cast(case when item_count = 0 and order_value is not null then 1 end as double) as quantity,  -- pieces of an item; an event that lists none is one line
    case when item_count = 0 then order_value end as unit_price,  -- of one piece
from placed
union all
select
    placed.order_id,
    'item ' || places.position,
    'order:' || placed.order_id,
    placed.anonymous_id,
    placed.customer_id,
    placed.email_hash,
    placed.occurred_at,
    null, null, null, placed.currency, null, null, null, null,
    placed.items[places.position].product_id,
    placed.items[places.position].product_name,
    coalesce(placed.items[places.position].quantity, 1),
    placed.items[places.position].price
from placed
cross join unnest(generate_series(1, placed.item_count)) as places (position)
where placed.item_count > 0
