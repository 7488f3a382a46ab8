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
            and items.item_count > 1
    where touchpoints.action = 'add_to_cart' or (touchpoints.action = 'view' and touchpoints.product_id is not null)
),

steps as (
    select person_id, coalesce(product_id, 'unknown') as product_id, action as step, occurred_at from acts
    union all
    select person_id, product_id, case when is_web then 'order' else 'order elsewhere' end, ordered_at
    from metrics.order_products
    where person_id is not null
),

-- A window, no join of what somebody did with when they first did it: of 50 M events that is more than 6 GB hold.
timed_steps as (
    select
        steps.*,
        min(case when step = 'view' then occurred_at end) over of_both as first_viewed_at,
        min(case when step = 'add_to_cart' then occurred_at end) over of_both as first_added_at,
        min(case when step in ('order', 'order elsewhere') then occurred_at end) over of_both as first_ordered_at
    from steps
    window of_both as (partition by product_id, person_id)
),

firsts as (
    select
        timed_steps.product_id,
        timed_steps.person_id,
        timed_steps.first_viewed_at,
        timed_steps.first_added_at,
        timed_steps.first_ordered_at,
        bool_or(
            timed_steps.step = 'add_to_cart'
            and elapsed_seconds(timed_steps.first_viewed_at, timed_steps.occurred_at)
            between 0 and shop.cart_horizon_seconds
        ) as is_added_after_view,
        bool_or(
            timed_steps.step = 'order'
            and elapsed_seconds(timed_steps.first_viewed_at, timed_steps.occurred_at)
            between 0 and shop.cart_horizon_seconds
        ) as is_ordered_after_view,
        bool_or(
            timed_steps.step = 'order'
            and elapsed_seconds(timed_steps.first_added_at, timed_steps.occurred_at)
            between 0 and shop.cart_horizon_seconds
        ) as is_ordered_after_add
    from timed_steps
    cross join settings.shop as shop
    group by
        timed_steps.product_id, timed_steps.person_id, timed_steps.first_viewed_at, timed_steps.first_added_at,
        timed_steps.first_ordered_at
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
    coalesce(firsts.is_added_after_view, false) as is_added_after_view,  -- put into a cart within the horizon of the first view
    coalesce(firsts.is_ordered_after_view, false) as is_ordered_after_view,  -- ordered on the web within the horizon of the first view
    case
        when firsts.first_added_at is null then null
        when known.orders_until is null or firsts.first_added_at < known.visits_from then 'uncovered'
        when add_outages.outage_on is not null then 'outage'
        when elapsed_seconds(firsts.first_added_at, known.visits_until) >= shop.cart_horizon_seconds then 'matured'
        else 'open'
    end as add_state,           -- the same of the first add
    coalesce(firsts.is_ordered_after_add, false) as is_ordered_after_add,  -- ordered on the web within the horizon of the first add
from firsts
cross join settings.shop as shop
cross join metrics.cut_off as known
left join outages as view_outages on shop_day(firsts.first_viewed_at, shop.time_zone) = view_outages.outage_on
left join outages as add_outages on shop_day(firsts.first_added_at, shop.time_zone) = add_outages.outage_on
