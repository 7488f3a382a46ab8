-- One row per way to cut sessions: 15, 30 and 60 minutes, cut at midnight or not, the shop's own, and by the tracker's ids.
-- staging.compared_variants are those that are compared.
-- Its bit marks it in journeys.session_variants.
create table settings.session_variants (
    variant_number bigint,      -- 1, 2, …
    variant text,               -- the timeout, and whether midnight cuts
    timeout_seconds double,     -- a strictly greater gap starts a new session
    cuts_at_midnight boolean,   -- whether midnight of the shop starts a session
    cuts_by_tracker boolean,    -- whether the tracker's own session ids come before the two, where there are any
    is_chosen boolean,          -- the shop's own
    bit bigint                  -- 2 to the power of the number − 1
)
