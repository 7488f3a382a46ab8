-- One row per attempt behind a figure: a session (conversion), a cart (abandonment), a first order (retention), an
-- answer (satisfaction), an order (net order value), a person's passage to a funnel step (step conversion).
-- Its outcome is converted, dropped or open: open until its window has ended at the data cut-off, whatever happened so
-- far, so that a fresh period is not flattered by those who were quick. Attempts on a day without tracking are excluded.
-- key: kpi, attempt_id
with knobs as (
    select
        time_zone, cart_horizon_seconds, retention_days, attribution_seconds
    from settings.shop
),

known as (
    select events_until, orders_until, feedback_until, visits_until from metrics.cut_off
),

session_attempts as (
    select
        'conversion' as kpi,
        sessions.session_id as attempt_id,
        sessions.person_id,
        sessions.started_at as happened_at,
        elapsed_seconds(sessions.ended_at, known.visits_until) >= knobs.attribution_seconds
            as is_matured,
        ordered.order_count > 0 as is_converted,
        1.0 as amount,
        sessions.device
    from journeys.sessions as sessions
    cross join knobs
    cross join known
    left join (
        select session_id, count(*) as order_count
        from journeys.order_sessions
        where session_id is not null
        group by session_id
    ) as ordered on sessions.session_id = ordered.session_id
    -- Without an orders export nobody can be said to have ordered, or not to have.
    where known.orders_until is not null
),

cart_attempts as (
    select
        carts.cart_id as attempt_id,
        carts.person_id,
        carts.opened_at,
        carts.checkout_at,
        carts.device,
        elapsed_seconds(carts.opened_at, known.visits_until) >= knobs.cart_horizon_seconds
            as is_matured,
        coalesce(
            elapsed_seconds(carts.opened_at, carts.ordered_at) <= knobs.cart_horizon_seconds, false
        ) as is_ordered
    from journeys.carts as carts
    cross join knobs
    cross join known
    where not carts.is_emptied and known.orders_until is not null
),

ordered_orders as (
    select
        order_id,
        person_id,
        ordered_at,
        net_revenue,
        is_void,
        row_number() over (partition by person_id order by ordered_at, order_id) as order_number,
        lead(ordered_at) over (partition by person_id order by ordered_at, order_id) as next_ordered_at
    from journeys.order_sessions
),

step_attempts as (
    select
        'step_conversion:' || attempts.funnel_id || ':' || (attempts.step_number + 1) as kpi,
        attempts.unit_id as attempt_id,
        attempts.person_id,
        attempts.entered_at as happened_at,
        elapsed_seconds(attempts.entered_at, known.visits_until) >= funnels.window_seconds as is_matured,
        attempts.furthest_step > attempts.step_number as is_converted
    from journeys.funnel_attempts as attempts
    inner join settings.funnels as funnels on attempts.funnel_id = funnels.funnel_id
    cross join known
    where attempts.step_number < funnels.step_count
),

attempts as (
    select kpi, attempt_id, person_id, happened_at, is_matured, coalesce(is_converted, false) as is_converted, amount, device
    from session_attempts
    union all
    select 'cart_abandonment', attempt_id, person_id, opened_at, is_matured, not is_ordered, 1.0, device from cart_attempts
    union all
    select 'checkout_abandonment', attempt_id, person_id, checkout_at, is_matured, not is_ordered, 1.0, device
    from cart_attempts
    where checkout_at is not null
    union all
    select
        'retention', orders.order_id, orders.person_id, orders.ordered_at,
        elapsed_seconds(orders.ordered_at, known.orders_until) >= knobs.retention_days * 86400,
        coalesce(
            elapsed_seconds(orders.ordered_at, orders.next_ordered_at) <= knobs.retention_days * 86400,
            false
        ),
        1.0, null
    from ordered_orders as orders
    cross join knobs
    cross join known
    where orders.order_number = 1
    union all
    select 'satisfaction', answer_id, person_id, answered_at, true, is_satisfied, 1.0, null
    from journeys.survey_answers
    union all
    select 'net_order_value', order_id, person_id, ordered_at, true, true, cast(net_revenue as double), null
    from ordered_orders
    where not is_void and net_revenue is not null
    union all
    select kpi, attempt_id, person_id, happened_at, is_matured, is_converted, 1.0, null
    from step_attempts
)

select
    attempts.kpi,               -- conversion, cart_abandonment, checkout_abandonment, retention, satisfaction, net_order_value, step_conversion:<funnel>:<step>
    attempts.attempt_id,        -- the session, cart, order, answer or unit
    coalesce(attempts.person_id, 'unknown:' || attempts.attempt_id) as person_id,  -- of journeys.people; attempts of nobody known stand alone
    attempts.happened_at,       -- UTC instant of the attempt's start
    shop_day(attempts.happened_at, knobs.time_zone) as happened_on,  -- shop day of it
    coalesce(people.persona, 'unassigned') as persona,  -- of the person
    attempts.device,            -- where it is known
    attempts.is_matured,        -- its window has ended at the data cut-off
    attempts.is_converted,      -- counts in the numerator; of an abandonment: was abandoned
    case when not attempts.is_matured then 'open' when attempts.is_converted then 'converted' else 'dropped' end as outcome,  -- converted, dropped or open
    case when attempts.is_matured and attempts.is_converted then attempts.amount else 0 end as numerator,  -- what the attempt adds to the figure's numerator
    case when attempts.is_matured then 1 else 0 end as denominator,  -- and to its denominator
from attempts
cross join knobs
left join journeys.people as people on attempts.person_id = people.person_id
where not exists (
    select 1
    from metrics.outage_days as outages
    where
        outages.outage = 'tracking'
        and outages.outage_on = shop_day(attempts.happened_at, knobs.time_zone)
)
