-- One row per way to count carts and what it counts: a cart (created, that reached the checkout, or abandoned and
-- perhaps recovered), a cart or a web order, a session with a cart; with its outcome at the data cut-off and what it
-- is split by.
-- Whoever is behind a count of metrics.cart_abandonment or its splits is found here.
-- Each has one outcome: abandoned, ordered or open; or uncovered, emptied, or on a day without tracking, in no rate
-- either.
-- What a matured cart is split by is what was so within its horizon, and when its session began: later data do not
-- move it to another cell. Of a cart the segments are those of the session in which it was opened, of an order those
-- of the session it belongs to.
-- Payment method and shipping are what the click-stream says: of an order without a cart, of its session.
-- key: way, kind, attempt_id
with knobs as (
    select time_zone, cart_horizon_seconds, cart_silence_seconds from settings.shop
),

session_details as (
    select
        person_id,
        session_id,
        arg_max(payment_method, (occurred_at, touchpoint_id)) filter (where payment_method is not null)
            as payment_method,
        arg_max(shipping, (occurred_at, touchpoint_id)) filter (where shipping is not null) as shipping,
        arg_min(campaign, (occurred_at, touchpoint_id)) filter (where campaign is not null) as campaign,
        coalesce(bool_or(action in ('add_to_cart', 'remove_from_cart', 'checkout')), false) as has_cart,
        coalesce(bool_or(action = 'checkout'), false) as has_checkout
    from journeys.touchpoints
    where
        is_on_site
        and (
            action in ('add_to_cart', 'remove_from_cart', 'checkout')
            or coalesce(payment_method, cast(shipping as text), campaign) is not null
        )
    group by person_id, session_id
),

segments as (
    select
        session_id,
        max(case when dimension = 'new or returning' then value end) as new_or_returning,
        max(case when dimension = 'country' then value end) as country,
        max(case when dimension = 'persona' then value end) as persona
    from journeys.session_segments
    group by session_id
),

all_carts as (
    select
        carts.cart_id,
        carts.person_id,
        carts.session_id,
        carts.device,
        shop_day(carts.opened_at, knobs.time_zone) as opened_on,
        shop_day(carts.checkout_at, knobs.time_zone) as checkout_on,
        carts.level_at_horizon as level,
        carts.payment_method_at_horizon as payment_method,
        carts.shipping_at_horizon as shipping,
        carts.value_at_horizon as value,
        carts.is_emptied,
        coalesce(elapsed_seconds(carts.opened_at, carts.ordered_at) <= knobs.cart_horizon_seconds, false)
            as is_ordered_in_time,
        -- It had been silent for so long when its horizon ended: a later silence does not change a matured figure.
        coalesce(
            elapsed_seconds(carts.opened_at, carts.abandoned_since)
            <= knobs.cart_horizon_seconds - knobs.cart_silence_seconds,
            false
        ) as is_abandoned_in_time
    from journeys.carts as carts
    cross join knobs
),

-- Without an orders export there are no attempts; else those that are missing are of a day without tracking.
cart_outcomes as (
    select
        kpis.kpi,
        all_carts.*,
        case
            when all_carts.is_emptied then 'emptied'
            when attempts.outcome = 'converted' then 'abandoned'
            when attempts.outcome = 'dropped' then 'ordered'
            when attempts.outcome is not null then attempts.outcome
            when known.orders_until is null then 'uncovered'
            else 'outage'
        end as outcome
    from all_carts
    inner join settings.kpis as kpis
        on kpis.kpi = 'cart_abandonment' or (kpis.kpi = 'checkout_abandonment' and all_carts.checkout_on is not null)
    cross join metrics.cut_off as known
    left join metrics.kpi_attempts as attempts on kpis.kpi = attempts.kpi and all_carts.cart_id = attempts.attempt_id
),

order_outcomes as (
    select
        orders.order_id,
        orders.person_id,
        orders.session_id,
        orders.ordered_on,
        coalesce(closed.level_at_horizon, 'no cart') as level,
        coalesce(closed.payment_method_at_horizon, details.payment_method) as payment_method,
        coalesce(closed.shipping_at_horizon, details.shipping) as shipping,
        case
            when not coalesce(orders.ordered_at >= known.visits_from, true) then 'uncovered'
            when elapsed_seconds(orders.ordered_at, known.visits_until) >= knobs.cart_horizon_seconds then 'ordered'
            else 'open'
        end as outcome
    from journeys.order_sessions as orders
    cross join knobs
    cross join metrics.cut_off as known
    left join journeys.carts as closed on orders.person_id = closed.person_id and orders.order_id = closed.order_id
    left join session_details as details
        on orders.person_id = details.person_id and orders.session_id = details.session_id
    where orders.is_web
),

session_outcomes as (
    select
        sessions.session_id,
        sessions.person_id,
        shop_day(sessions.started_at, knobs.time_zone) as started_on,
        case when details.has_checkout then 'checkout' else 'cart' end as level,
        details.payment_method,
        details.shipping,
        case
            when attempts.outcome = 'converted' then 'ordered'
            when attempts.outcome = 'dropped' then 'abandoned'
            when attempts.outcome is not null then attempts.outcome
            when known.orders_until is null then 'uncovered'
            else 'outage'
        end as outcome
    from journeys.sessions as sessions
    inner join session_details as details
        on sessions.person_id = details.person_id and sessions.session_id = details.session_id and details.has_cart
    cross join knobs
    cross join metrics.cut_off as known
    left join metrics.kpi_attempts as attempts
        on attempts.kpi = 'conversion' and sessions.session_id = attempts.attempt_id
),

counted as (
    select
        1 as position, 'cart' as kind, cart_id as attempt_id, person_id, session_id, device, opened_on as happened_on,
        level, payment_method, shipping, value, outcome
    from cart_outcomes
    where kpi = 'cart_abandonment'
    union all
    select
        2, 'cart', cart_id, person_id, session_id, device, checkout_on, level, payment_method, shipping, value, outcome
    from cart_outcomes
    where kpi = 'checkout_abandonment'
    union all
    -- A cart that was ordered counts as its order.
    select
        3, 'cart', cart_id, person_id, session_id, device, opened_on, level, payment_method, shipping, value, outcome
    from cart_outcomes
    where kpi = 'cart_abandonment' and not is_ordered_in_time
    union all
    select
        3, 'order', order_id, person_id, session_id, null, ordered_on, level, payment_method, shipping, null, outcome
    from order_outcomes
    -- Of a shop whose first cart is not matured yet, orders tell nothing of carts.
    where
        exists (
            select 1 from cart_outcomes
            where cart_outcomes.kpi = 'cart_abandonment' and cart_outcomes.outcome in ('abandoned', 'ordered')
        )
    union all
    select
        4, 'session', session_id, person_id, session_id, null, started_on, level, payment_method, shipping, null,
        outcome
    from session_outcomes
    union all
    -- Whether an open cart will have been abandoned within its horizon is open too.
    select
        5, 'cart', cart_id, person_id, session_id, device, opened_on, level, payment_method, shipping, value, outcome
    from cart_outcomes
    where kpi = 'cart_abandonment' and (outcome = 'open' or (outcome <> 'emptied' and is_abandoned_in_time))
),

-- Bounds that do not depend on the data, nor on the currency: else a matured cart would move from band to band.
bounds as (
    select
        bound,
        cast(bound as decimal(18, 4)) as up_to,
        lag(bound) over (order by cast(bound as decimal(18, 4))) as over_bound
    from unnest([
        '0.1', '0.2', '0.5', '1', '2', '5', '10', '20', '50', '100', '200', '500', '1000', '2000', '5000', '10000',
        '20000', '50000', '100000', '200000', '500000'
    ]) as listed (bound)
),

costs as (
    select distinct shipping from counted where shipping > 0
),

bands as (
    select costs.shipping, min(bounds.up_to) as up_to
    from costs
    inner join bounds on costs.shipping <= bounds.up_to
    group by costs.shipping
)

select
    case counted.position
        when 1 then 'cart abandonment'
        when 2 then 'checkout abandonment'
        when 3 then 'abandoned / (abandoned + orders)'
        when 4 then '1 − orders / sessions with a cart'
        else 'recovery'
    end as way,                 -- to count, as metrics.cart_abandonment names it
    counted.position,           -- of the way, in reports
    counted.kind,               -- what is counted: cart, order or session
    counted.attempt_id,         -- of journeys.carts, order_sessions or sessions
    counted.person_id,          -- of journeys.people
    counted.session_id,         -- in which the cart was opened, to which the order belongs, or itself; null: none
    counted.happened_on,        -- shop day: of opening, of the first checkout, of the order, of the session's beginning
    counted.outcome,            -- abandoned, ordered, open, uncovered, emptied or outage (a day without tracking)
    counted.outcome in ('abandoned', 'ordered') as is_matured,  -- it is in the rate
    cast(counted.value as double) as value,  -- of what was in the cart within its horizon, in the shop's currency; null: unknown, or no cart
    counted.level,              -- reached within the horizon, or in the session: browse, cart, checkout; of an order: no cart
    coalesce(sessions.device, counted.device, 'unknown') as device,  -- desktop, mobile or tablet; unknown: not seen
    coalesce(sessions.channel, 'unknown') as channel,  -- of the session; unknown: it is in none
    coalesce(segments.country, 'unknown') as country,  -- as the CRM knew it then; unknown: it did not
    coalesce(segments.persona, 'unknown') as persona,  -- unassigned: none fits; unknown: the CRM did not know the person then
    coalesce(segments.new_or_returning, 'unknown') as new_or_returning,  -- new: the person's first session; unknown: it is in none
    case when sessions.session_id is null then 'unknown' else coalesce(details.campaign, 'none') end
        as campaign,            -- the first that the session came with; none: no campaign; unknown: it is in no session
    coalesce(counted.payment_method, 'unknown') as payment_method,  -- last chosen; unknown: not seen
    cast(counted.shipping as double) as shipping,  -- cost last shown, in the shop's currency; null: not seen
    case
        when counted.shipping is null then 'unknown'
        when counted.shipping <= 0 then 'free'
        when bands.up_to is null then 'over 500000'
        else coalesce('over ' || bounds.over_bound || ' to ', 'up to ') || bounds.bound
    end as shipping_band,       -- of that cost; unknown: not seen, which is not free
from counted
left join journeys.sessions as sessions
    on counted.person_id = sessions.person_id and counted.session_id = sessions.session_id
left join segments on sessions.session_id = segments.session_id
left join session_details as details
    on sessions.person_id = details.person_id and sessions.session_id = details.session_id
left join bands on counted.shipping = bands.shipping
left join bounds on bands.up_to = bounds.up_to
