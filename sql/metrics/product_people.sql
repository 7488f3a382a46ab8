-- One row per product and person who viewed it, put it into a cart or ordered it: when first, and whether the next
-- step came within the horizon of a cart (settings.shop.cart_horizon_seconds) after the first view, or the first add.
-- A view that lists several products is of none of them. Orders that answer a view or an add are web orders.
-- key: product_id, person_id
with acts as (
    select
        touchpoints.person_id,
        touchpoints.action,
        touchpoints.occurred_at,
        case when items.item_count > 1 then items.product_id else touchpoints.product_id end as product_id
    from journeys.touchpoints as touchpoints
    left join staging.event_items as items
        on
            touchpoints.action = 'add_to_cart'
            and touchpoints.identifier = items.identifier
            and touchpoints.touchpoint_id = 'event:' || items.event_id
    where touchpoints.action = 'add_to_cart' or (touchpoints.action = 'view' and touchpoints.product_id is not null)
),

steps as (
    select person_id, coalesce(product_id, 'unknown') as product_id, action as step, occurred_at from acts
    union all
    select person_id, product_id, case when is_web then 'order' else 'order elsewhere' end, ordered_at
    from metrics.order_products
    where person_id is not null
),

firsts as (
    select
        product_id,
        person_id,
        min(case when step = 'view' then occurred_at end) as first_viewed_at,
        min(case when step = 'add_to_cart' then occurred_at end) as first_added_at,
        min(case when step in ('order', 'order elsewhere') then occurred_at end) as first_ordered_at
    from steps
    group by product_id, person_id
),

nexts as (
    select
        steps.product_id,
        steps.person_id,
        bool_or(
            steps.step = 'add_to_cart'
            and elapsed_seconds(firsts.first_viewed_at, steps.occurred_at) between 0 and shop.cart_horizon_seconds
        ) as is_added_after_view,
        bool_or(
            steps.step = 'order'
            and elapsed_seconds(firsts.first_viewed_at, steps.occurred_at) between 0 and shop.cart_horizon_seconds
        ) as is_ordered_after_view,
        bool_or(
            steps.step = 'order'
            and elapsed_seconds(firsts.first_added_at, steps.occurred_at) between 0 and shop.cart_horizon_seconds
        ) as is_ordered_after_add
    from steps
    inner join firsts on steps.product_id = firsts.product_id and steps.person_id = firsts.person_id
    cross join settings.shop as shop
    group by steps.product_id, steps.person_id
),

outages as (
    select outage_on from metrics.outage_days where outage = 'tracking'
)

select
    firsts.product_id,          -- of metrics.products
    firsts.person_id,           -- of journeys.people
    firsts.first_viewed_at,     -- UTC instant; null: never
    firsts.first_added_at,      -- UTC instant of the first add to a cart; null: never
    firsts.first_ordered_at,    -- UTC instant of the first order, on the web or not; null: never
    case
        when firsts.first_viewed_at is null then null
        when known.orders_until is null or firsts.first_viewed_at < known.visits_from then 'uncovered'
        when view_outages.outage_on is not null then 'outage'
        when elapsed_seconds(firsts.first_viewed_at, known.visits_until) >= shop.cart_horizon_seconds then 'matured'
        else 'open'
    end as view_state,          -- matured: its horizon is over; open; uncovered: from before all is known; outage: on a day without tracking
    coalesce(nexts.is_added_after_view, false) as is_added_after_view,  -- put into a cart within the horizon of the first view
    coalesce(nexts.is_ordered_after_view, false) as is_ordered_after_view,  -- ordered on the web within the horizon of the first view
    case
        when firsts.first_added_at is null then null
        when known.orders_until is null or firsts.first_added_at < known.visits_from then 'uncovered'
        when add_outages.outage_on is not null then 'outage'
        when elapsed_seconds(firsts.first_added_at, known.visits_until) >= shop.cart_horizon_seconds then 'matured'
        else 'open'
    end as add_state,           -- the same of the first add
    coalesce(nexts.is_ordered_after_add, false) as is_ordered_after_add,  -- ordered on the web within the horizon of the first add
from firsts
inner join nexts on firsts.product_id = nexts.product_id and firsts.person_id = nexts.person_id
cross join settings.shop as shop
cross join metrics.cut_off as known
left join outages as view_outages on shop_day(firsts.first_viewed_at, shop.time_zone) = view_outages.outage_on
left join outages as add_outages on shop_day(firsts.first_added_at, shop.time_zone) = add_outages.outage_on
