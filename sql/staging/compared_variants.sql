-- One row per way to cut sessions that journeys.session_variants compares: those by a timeout, and the tracker's own ids
-- where an export gives any, or where the shop's sessions are cut by them.
-- key: variant_number
select
    variants.variant_number,    -- of settings.session_variants
    variants.variant,           -- in words
    variants.timeout_seconds,   -- a strictly greater gap starts a new session
    variants.cuts_at_midnight,  -- whether midnight of the shop starts a session
    variants.cuts_by_tracker,   -- whether the tracker's own session ids come before the two, where there are any
    variants.is_chosen,         -- the shop's own
    variants.bit,               -- marks it in journeys.session_variants
from settings.session_variants as variants
where
    not variants.cuts_by_tracker
    or variants.is_chosen
    or (select count(tracker_session_id) from raw.events) > 0
