-- One row per figure that screened people touch: without them, with everybody, and of bots and of staff alone. What is
-- "without" does not depend on settings.shop.leaves_out_screened; that says which of the two the other tables show.
-- People: with a session or an order. Touchpoints: on the site. Conversion: as the headline, matured sessions with an
-- order / matured sessions, days without tracking left out.
-- The sessions of screened people are their visits (journeys.visits), and an order belongs to the session of
-- journeys.order_sessions' rule: alike whether or not the other tables hold them.
-- key: figure
with knobs as (
    select time_zone, session_maximum_seconds, attribution_seconds from settings.shop
),

horizons as (
    select visits_from, matured_until from metrics.cut_off
),

whose as (
    select identifier, person_id, timestamp '0001-01-01' as owned_from, timestamp '9999-01-01' as owned_until
    from journeys.identities
    where not is_split
    union all
    select identifier, person_id, owned_from, owned_until from journeys.device_spells
),

their_clicks as (
    select
        screened.person_id,
        screened.reason,
        clicks.occurred_at,
        visits.visit_number,
        whole_periods(elapsed_seconds(visits.started_at, clicks.occurred_at), knobs.session_maximum_seconds) as piece
    from journeys.screened_people as screened
    inner join whose on screened.person_id = whose.person_id
    inner join staging.events as clicks
        on
            whose.identifier = clicks.identifier
            and clicks.occurred_at >= whose.owned_from
            and clicks.occurred_at < whose.owned_until
    inner join journeys.visits as visits
        on
            screened.person_id = visits.unit_id
            and visits.is_chosen
            and clicks.occurred_at >= visits.started_at
            and clicks.occurred_at < visits.next_started_at
    left join staging.purchase_events as purchases
        on clicks.event_id = purchases.event_id and purchases.is_sent_again
    cross join knobs
    where clicks.is_person_caused and purchases.event_id is null
),

their_sessions as (
    select
        person_id,
        reason,
        visit_number,
        piece,
        min(occurred_at) as started_at,
        max(occurred_at) as ended_at,
        cast(count(*) as bigint) as touchpoint_count
    from their_clicks
    group by person_id, reason, visit_number, piece
),

owned_orders as (
    select
        orders.order_id,
        orders.ordered_at,
        orders.is_web,
        identities.person_id,
        coalesce(screened.reason, 'customer') as reason
    from staging.orders as orders
    inner join journeys.identities as identities on identities.identifier = 'order:' || orders.order_id
    left join journeys.screened_people as screened on identities.person_id = screened.person_id
),

ordering_sessions as (
    select
        sessions.person_id,
        sessions.visit_number,
        sessions.piece
    from owned_orders
    inner join their_sessions as sessions on owned_orders.person_id = sessions.person_id
    cross join knobs
    where
        owned_orders.is_web
        and takes_order(sessions.started_at, sessions.ended_at, owned_orders.ordered_at, knobs.attribution_seconds)
    qualify row_number() over (
        partition by owned_orders.order_id order by sessions.started_at desc, sessions.visit_number, sessions.piece
    ) = 1
),

their_attempts as (
    select
        sessions.reason,
        ordering.person_id is not null as is_converted
    from their_sessions as sessions
    left join (select distinct person_id, visit_number, piece from ordering_sessions) as ordering
        on
            sessions.person_id = ordering.person_id
            and sessions.visit_number = ordering.visit_number
            and sessions.piece = ordering.piece
    cross join knobs
    cross join horizons
    where
        sessions.ended_at <= horizons.matured_until
        and coalesce(sessions.started_at >= horizons.visits_from, true)
        and shop_day(sessions.started_at, knobs.time_zone) not in (
            select outage_on from metrics.outage_days where outage = 'tracking'
        )
),

attempts as (
    select reason, is_converted from their_attempts
    union all
    select 'customer', is_converted
    from metrics.kpi_attempts
    where
        kpi = 'conversion'
        and is_matured
        and person_id not in (select person_id from journeys.screened_people)
),

all_sessions as (
    select reason, person_id, touchpoint_count from their_sessions
    union all
    select 'customer', person_id, touchpoint_count
    from journeys.sessions
    where person_id not in (select person_id from journeys.screened_people)
),

people as (
    select reason, person_id from all_sessions
    union
    select reason, person_id from owned_orders
),

amounts as (
    select 'people' as figure, reason, 1 as numerator, 0 as denominator from people
    union all
    select 'touchpoints', reason, touchpoint_count, 0 from all_sessions
    union all
    select 'sessions', reason, 1, 0 from all_sessions
    union all
    select 'orders', reason, 1, 0 from owned_orders
    union all
    select 'conversion', reason, case when is_converted then 1 else 0 end, 1 from attempts
),

summed as (
    select
        figures.figure,
        coalesce(cast(sum(case when amounts.reason = 'customer' then numerator end) as double), 0) as customers,
        coalesce(cast(sum(case when amounts.reason = 'bot' then numerator end) as double), 0) as bots,
        coalesce(cast(sum(case when amounts.reason = 'staff' then numerator end) as double), 0) as staff,
        coalesce(
            cast(sum(case when amounts.reason = 'customer' then denominator end) as double), 0
        ) as customer_sessions,
        coalesce(cast(sum(case when amounts.reason = 'bot' then denominator end) as double), 0) as bot_sessions,
        coalesce(cast(sum(case when amounts.reason = 'staff' then denominator end) as double), 0) as staff_sessions
    from unnest(['people', 'touchpoints', 'sessions', 'orders', 'conversion']) as figures (figure)
    left join amounts on figures.figure = amounts.figure
    group by figures.figure
)

select
    figure,                     -- people, touchpoints, sessions, orders or conversion
    case
        when figure = 'conversion' then rate(customers, customer_sessions) else customers
    end as value_without,       -- a count, or of conversion a share 0–1; null: no session
    case
        when figure = 'conversion'
            then rate(customers + bots + staff, customer_sessions + bot_sessions + staff_sessions)
        else customers + bots + staff
    end as value_with,          -- of everybody
    case
        when figure = 'conversion' then rate(bots, bot_sessions) else bots
    end as bot_value,           -- of bots alone
    case
        when figure = 'conversion' then rate(staff, staff_sessions) else staff
    end as staff_value,         -- of staff alone
from summed
