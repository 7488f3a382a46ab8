-- One row per attempt behind a figure: a session (conversion), a cart (abandonment), a first order (retention), an
-- answer (satisfaction), an order (net order value), a lead (lead conversion), a person's passage to a funnel step (step
-- conversion), a journey at a stage of the map (stage passage).
-- Its outcome is converted, dropped or open: open until its window has ended at the data cut-off, whatever happened so
-- far, so that a fresh period is not flattered by those who were quick. One that began before what would show its
-- outcome is known (metrics.cut_off, funnel_cut_off, first_orders) is uncovered, and in no rate either. Attempts on a day
-- without tracking are excluded.
-- key: kpi, attempt_id
with knobs as (
    select time_zone from settings.shop
),

horizons as (
    select orders_until, visits_from, visits_until from metrics.cut_off
),

session_attempts as (
    select
        'conversion' as kpi,
        sessions.session_id as attempt_id,
        sessions.person_id,
        sessions.started_at as happened_at,
        sessions.ended_at as waits_from,
        horizons.visits_from as known_from,
        horizons.visits_until as known_until,
        sessions.order_count > 0 as is_converted,
        cast(1 as decimal(36, 2)) as amount
    from journeys.sessions as sessions
    cross join horizons
    -- Without an orders export nobody can be said to have ordered, or not to have.
    where horizons.orders_until is not null
),

cart_attempts as (
    select
        carts.cart_id as attempt_id,
        carts.person_id,
        carts.session_id,
        carts.opened_at,
        carts.checkout_at,
        horizons.visits_from as known_from,
        horizons.visits_until as known_until,
        carts.device,
        coalesce(
            elapsed_seconds(carts.opened_at, carts.ordered_at) <= kpis.horizon_seconds, false
        ) as is_ordered
    from journeys.carts as carts
    inner join settings.kpis as kpis on kpis.kpi = 'cart_abandonment'
    cross join horizons
    where not carts.is_emptied and horizons.orders_until is not null
),

step_attempts as (
    select
        kpis.kpi,
        attempts.unit_id || ' ' || attempts.entered_on as attempt_id,
        attempts.unit_id,
        attempts.person_id,
        attempts.session_id,
        attempts.entered_at as happened_at,
        attempts.entered_on as happened_on,
        attempts.waits_from,
        attempts.known_from,
        attempts.known_until,
        attempts.furthest_step >= kpis.step_number as is_converted
    from metrics.funnel_attempts as attempts
    inner join settings.kpis as kpis
        on attempts.funnel_id = kpis.funnel_id and attempts.furthest_step >= kpis.step_number - 1
),

stage_attempts as (
    select
        kpis.kpi,
        passages.journey_id as attempt_id,
        passages.person_id,
        passages.session_id,
        passages.reached_at,
        horizons.visits_until as known_until,
        coalesce(journeys.started_at >= horizons.visits_from, true) as is_covered,
        elapsed_seconds(passages.reached_at, passages.passed_at) <= kpis.horizon_seconds as is_converted
    from metrics.stage_passages as passages
    inner join settings.kpis as kpis on passages.stage = kpis.stage
    inner join journeys.journeys as journeys on passages.journey_id = journeys.journey_id
    cross join horizons
),

attempts as (
    select
        kpi, attempt_id, attempt_id as unit_id, cast(null as date) as happened_on, person_id, attempt_id as session_id,
        cast(null as text) as device, happened_at, waits_from, known_until,
        coalesce(happened_at >= known_from, true) as is_covered,
        coalesce(is_converted, false) as is_converted, amount
    from session_attempts
    union all
    select
        'cart_abandonment', attempt_id, attempt_id, null, person_id, session_id, device, opened_at, opened_at, known_until,
        coalesce(opened_at >= known_from, true), not is_ordered, 1
    from cart_attempts
    union all
    select
        'checkout_abandonment', attempt_id, attempt_id, null, person_id, session_id, device, checkout_at, opened_at,
        known_until, coalesce(opened_at >= known_from, true), not is_ordered, 1
    from cart_attempts
    where checkout_at is not null
    union all
    select
        'retention', orders.order_id, orders.order_id, null, orders.person_id, orders.session_id, null, orders.ordered_at,
        orders.ordered_at, horizons.orders_until, orders.is_covered,
        coalesce(
            elapsed_seconds(orders.ordered_at, orders.next_ordered_at) <= kpis.horizon_seconds, false
        ),
        1
    from metrics.first_orders as orders
    inner join settings.kpis as kpis on kpis.kpi = 'retention'
    cross join horizons
    union all
    select
        'satisfaction', answer_id, answer_id, null, person_id, null, null, answered_at, answered_at, answered_at, true,
        is_satisfied, 1
    from journeys.survey_answers
    union all
    select
        'net_order_value', order_id, order_id, null, person_id, session_id, null, ordered_at, ordered_at, ordered_at, true,
        true, net_revenue
    from journeys.order_sessions
    where not is_void and net_revenue is not null
    union all
    select
        kpi, attempt_id, unit_id, happened_on, person_id, session_id, null, happened_at, waits_from, known_until,
        coalesce(happened_at >= known_from, true), is_converted, 1
    from step_attempts
    union all
    select
        kpi, attempt_id, attempt_id, null, person_id, session_id, null, reached_at, reached_at, known_until, is_covered,
        coalesce(is_converted, false), 1
    from stage_attempts
    union all
    select
        kpis.kpi, leads.lead_id, leads.lead_id, null, leads.person_id, null, null, leads.led_at, leads.led_at, leads.known_until,
        leads.is_covered,
        coalesce(elapsed_seconds(leads.led_at, leads.won_at) <= kpis.horizon_seconds, false), 1
    from metrics.leads as leads
    inner join settings.kpis as kpis on kpis.kpi = 'lead_conversion'
),

-- A figure that the catalogue lacks has no horizon; checks/kpis_are_in_the_catalogue.sql stops the run.
outcomes as (
    select
        attempts.* exclude (happened_on),
        coalesce(attempts.happened_on, shop_day(attempts.happened_at, knobs.time_zone)) as happened_on,
        attempts.is_covered
        and elapsed_seconds(attempts.waits_from, attempts.known_until) >= kpis.horizon_seconds as is_matured
    from attempts
    cross join knobs
    left join settings.kpis as kpis on attempts.kpi = kpis.kpi
)

select
    outcomes.kpi,               -- of settings.kpis; step_conversion:<funnel>:<step> for each step of a funnel but its first, stage_passage:<stage> for each required stage but the last
    outcomes.attempt_id,        -- the session, cart, order, answer, lead or, at a stage, journey; of a funnel's step its unit and the shop day of entry
    outcomes.unit_id,           -- what counts once a week: of a funnel's step the unit, else the attempt
    coalesce(outcomes.person_id, 'unknown:' || outcomes.attempt_id) as person_id,  -- of journeys.people; attempts of nobody known stand alone
    outcomes.happened_at,       -- UTC instant of the attempt's start
    outcomes.happened_on,       -- shop day of it; of a funnel's step, of entry
    coalesce(people.persona, 'unassigned') as persona,  -- of the person
    outcomes.session_id,        -- of journeys.sessions: in which it began, of a step in which its unit entered; null: in none
    coalesce(sessions.device, outcomes.device) as device,  -- of that session, else on which the cart was opened; null: not known
    outcomes.is_covered,        -- what would show its outcome is known from its beginning on
    outcomes.is_matured,        -- it is covered, and its window has ended at the data cut-off
    outcomes.is_converted,      -- counts in the numerator; of an abandonment: was abandoned
    case
        when not outcomes.is_covered then 'uncovered'
        when not outcomes.is_matured then 'open'
        when outcomes.is_converted then 'converted'
        else 'dropped'
    end as outcome,             -- converted, dropped, open or uncovered
    case when outcomes.is_matured and outcomes.is_converted then outcomes.amount else 0 end as numerator,  -- what the attempt adds to the figure's numerator
    case when outcomes.is_matured then 1 else 0 end as denominator,  -- and to its denominator
from outcomes
left join journeys.people as people on outcomes.person_id = people.person_id
left join journeys.sessions as sessions on outcomes.session_id = sessions.session_id
where not exists (
    select 1
    from metrics.outage_days as outages
    where
        outages.outage = 'tracking'
        and outages.outage_on = outcomes.happened_on
)
