-- checks: journeys.session_friction
-- severity: error
-- finds: sessions with an error lost or counted twice
-- do: Compare sql/journeys/friction_signals.sql with the touchpoints whose action is error.
-- Every error that a session met is one friction signal, a failed payment or another error: none twice, none lost.
with met as (
    select session_id, count(*) as error_count
    from journeys.touchpoints
    where action = 'error' and session_id is not null
    group by session_id
)

select
    coalesce(met.session_id, friction.session_id) as session_id,
    met.error_count,
    friction.payment_failure_count + friction.error_count as signal_count
from met
full join journeys.session_friction as friction on met.session_id = friction.session_id
where coalesce(met.error_count, 0) <> coalesce(friction.payment_failure_count + friction.error_count, 0)
