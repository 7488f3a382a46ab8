-- One row per way to count conversion, over the same matured sessions: the headline and what stands beside it.
with sessions as (
    select attempt_id as session_id, person_id, is_converted
    from metrics.kpi_attempts
    where kpi = 'conversion' and is_matured
),

orders as (
    select
        cast(count(*) as bigint) as order_count,
        cast(count(distinct case when not order_sessions.is_void then order_sessions.session_id end) as bigint)
            as net_session_count
    from journeys.order_sessions as order_sessions
    inner join sessions on order_sessions.session_id = sessions.session_id
),

counted as (
    select
        cast(count(*) as bigint) as session_count,
        cast(count(*) filter (where is_converted) as bigint) as converted_count,
        cast(count(distinct person_id) as bigint) as person_count,
        cast(count(distinct case when is_converted then person_id end) as bigint) as converted_person_count
    from sessions
),

ways as (
    select 'sessions with an order / sessions' as way, converted_count as numerator, session_count as denominator from counted
    union all
    select 'persons who ordered / persons who visited', converted_person_count, person_count from counted
    union all
    select 'orders / sessions', orders.order_count, counted.session_count from counted cross join orders
    union all
    select 'sessions with an order neither cancelled nor fully refunded / sessions', orders.net_session_count, counted.session_count
    from counted
    cross join orders
)

select
    way,                        -- numerator / denominator in words
    numerator,                  -- count
    denominator,                -- count
    rate(numerator, denominator) as value,  -- 0–1; orders / sessions may exceed 1
from ways
