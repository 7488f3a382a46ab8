-- One row per step that an attempt at a funnel reached; an attempt is a unit (a person, a session, …) on a shop day of entry.
-- Of the day's entries the one that gets furthest counts; among equals the latest. A journey enters on the day on which it
-- began. Whether an attempt is converted, dropped or open depends on the data cut-off and is said in metrics.funnel_attempts.
-- key: funnel_id, unit_id, entered_on, step_number
-- keyed by: person_id
-- within person_id: unit_id
-- across person_id: kinds
with units as ( -- the chains read it -- noqa: ST03
    select * from step_hits
),

rules as ( -- the chains read it -- noqa: ST03
    select
        funnel_id, step_number, window_seconds, within_seconds, at_least_seconds, is_strict, is_open
    from settings.funnel_rules
)

select
    attempts.funnel_id,         -- of settings.funnels
    attempts.unit_id,           -- the person, session or journey; of a cart or order the person and its id
    attempts.person_id,         -- of journeys.people
    attempts.entered_on,        -- shop day of step 1; of a journey, of its beginning
    attempts.step_number,       -- of settings.funnel_steps
    attempts.furthest_step,     -- the last step that the attempt reached
    attempts.entered_at,        -- UTC instant of step 1
    attempts.session_id,        -- of journeys.sessions: that of step 1; null: it was in none
    attempts.reached_at         -- UTC instant of this step: the earliest after the step before
from chained_attempts as attempts
