-- One row per view: with stitching (what all other tables show) and without it, every identifier a person of its own.
-- What identity resolution changes: people, sessions, conversion, and the first funnel of journey.yaml that counts persons.
-- People: with a session or an order. Conversion: over matured sessions, as metrics.conversion; days without tracking are
-- left out. Funnel: matured attempts, as metrics.funnel_steps.
-- key: view
with knobs as (
    select time_zone from settings.shop
),

horizons as (
    select visits_from, matured_until from metrics.cut_off
),

all_sessions as (
    select 'with stitching' as view, person_id as unit_id, order_count from journeys.sessions
    union all
    select 'without stitching', identifier, order_count from journeys.unstitched_sessions
),

placed_orders as (
    select 'with stitching' as view, person_id as unit_id, order_id from journeys.order_sessions
    union all
    select 'without stitching', owned.identifier, orders.order_id
    from journeys.order_sessions as orders
    inner join journeys.record_owners as owned on owned.kind = 'order' and orders.order_id = owned.row_id
),

people as (
    select view, cast(count(*) as bigint) as person_count
    from (
        select view, unit_id from all_sessions
        union
        select view, unit_id from placed_orders where unit_id is not null
    ) as seen
    group by view
),

session_counts as (
    select
        view,
        cast(count(*) as bigint) as session_count,
        cast(count(*) filter (where order_count > 0) as bigint) as ordered_session_count
    from all_sessions
    group by view
),

order_counts as (
    select view, cast(count(*) as bigint) as order_count
    from placed_orders
    group by view
),

attempts as (
    select 'with stitching' as view, person_id as unit_id, is_converted
    from metrics.kpi_attempts
    where kpi = 'conversion' and is_matured
    union all
    select 'without stitching', sessions.identifier, sessions.order_count > 0
    from journeys.unstitched_sessions as sessions
    cross join knobs
    cross join horizons
    where
        sessions.ended_at <= horizons.matured_until
        and coalesce(sessions.started_at >= horizons.visits_from, true)
        and shop_day(sessions.started_at, knobs.time_zone) not in (
            select outage_on from metrics.outage_days where outage = 'tracking'
        )
),

conversions as (
    select
        view,
        cast(count(*) as bigint) as matured_count,
        cast(count(*) filter (where is_converted) as bigint) as converted_count,
        cast(count(distinct unit_id) as bigint) as visitor_count,
        cast(count(distinct case when is_converted then unit_id end) as bigint) as converted_visitor_count
    from attempts
    group by view
),

funnel as (
    select funnel_id, funnel_name, window_seconds, step_count
    from settings.funnels
    where unit = 'person'
    qualify row_number() over (order by funnel_number) = 1
),

-- Each unit once, as its best matured attempt.
matured_units as (
    select 'with stitching' as view, funnel_id, unit_id, furthest_step
    from metrics.funnel_attempts
    where is_matured and is_best
    union all
    select 'without stitching', attempts.funnel_id, attempts.identifier, max(attempts.furthest_step)
    from journeys.unstitched_attempts as attempts
    inner join funnel on attempts.funnel_id = funnel.funnel_id
    inner join metrics.funnel_cut_off as known on attempts.funnel_id = known.funnel_id
    cross join knobs
    where
        coalesce(attempts.entered_at >= known.known_from, true)
        and is_attempt_over(attempts.entered_on, funnel.window_seconds, known.known_until, knobs.time_zone)
    group by attempts.funnel_id, attempts.identifier
),

funnel_counts as (
    select
        matured_units.view,
        cast(count(*) as bigint) as entered_count,
        cast(count(*) filter (where matured_units.furthest_step = funnel.step_count) as bigint) as converted_count
    from matured_units
    inner join funnel on matured_units.funnel_id = funnel.funnel_id
    group by matured_units.view
)

select
    views.view,                 -- without stitching, or with stitching
    coalesce(people.person_count, 0) as person_count,  -- people with a session or an order; without: identifiers
    coalesce(session_counts.session_count, 0) as session_count,  -- sessions, without runaway ones
    coalesce(order_counts.order_count, 0) as order_count,  -- orders, with a session or not
    coalesce(session_counts.ordered_session_count, 0) as ordered_session_count,  -- sessions that an order belongs to
    coalesce(conversions.matured_count, 0) as matured_session_count,  -- sessions whose attribution time is over
    coalesce(conversions.converted_count, 0) as converted_session_count,  -- of these, sessions with an order
    rate(conversions.converted_count, conversions.matured_count) as conversion_per_session,  -- converted / matured
    coalesce(conversions.visitor_count, 0) as visitor_count,  -- people with a matured session
    coalesce(conversions.converted_visitor_count, 0) as converted_visitor_count,  -- of these, people with one that converted
    rate(conversions.converted_visitor_count, conversions.visitor_count) as conversion_per_person,  -- of visitors
    funnel.funnel_id,           -- the first funnel that counts persons; null: there is none
    funnel.funnel_name,         -- as in journey.yaml
    case when funnel.funnel_id is not null then coalesce(funnel_counts.entered_count, 0) end
        as funnel_entered_count,  -- matured attempts
    case when funnel.funnel_id is not null then coalesce(funnel_counts.converted_count, 0) end
        as funnel_converted_count,  -- of these, attempts that reached the last step
    rate(funnel_counts.converted_count, funnel_counts.entered_count) as funnel_conversion_rate,  -- converted / entered
from unnest(['without stitching', 'with stitching']) as views (view)
left join people on views.view = people.view
left join session_counts on views.view = session_counts.view
left join order_counts on views.view = order_counts.view
left join conversions on views.view = conversions.view
left join funnel on true
left join funnel_counts on views.view = funnel_counts.view
