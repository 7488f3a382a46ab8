-- One row per runaway session: more touchpoints than a person would make (settings.shop.runaway_touchpoints).
-- In quarantine: its touchpoints stay in journeys.touchpoints, it is in no figure of sessions and takes no order.
-- key: session_id
-- keyed by: person_id
select
    session_id,                 -- person and number of the visit; a visit over the maximum length has pieces
    person_id,                  -- of journeys.people
    started_at,                 -- UTC instant of the first touchpoint
    ended_at,                   -- UTC instant of the last touchpoint
    duration_seconds,           -- first to last
    touchpoint_count,           -- touchpoints in the session
    landing_path,               -- path of the first page
    device,                     -- of the first touchpoint
from journeys.session_facts
where is_runaway
