-- checks: metrics.emotion_curve
-- severity: error
-- finds: stages whose friction does not add up
-- do: Compare sql/metrics/emotion_curve.sql with journeys.friction_signals, signal by signal.
-- A stage's friction is the sum of its signals, on touchpoints and in sessions that are there.
select stage, touchpoint_count, session_count, friction_count, friction_session_count
from metrics.emotion_curve
where
    friction_count
    <> payment_failure_count + error_count + rage_repeat_count + repeated_search_count + support_contact_count
    or friction_session_count > least(session_count, friction_count)
    or (friction_count + back_step_count > 0 and touchpoint_count = 0)
