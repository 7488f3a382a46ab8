-- One row per way to cut sessions that is compared: 15, 30 and 60 minutes, cut at midnight or not, and the shop's own.
-- Its bit marks it in journeys.session_variants.
create table settings.session_variants (
    variant_number bigint,      -- 1, 2, …
    variant text,               -- the timeout, and whether midnight cuts
    timeout_seconds double,     -- a strictly greater gap starts a new session
    cuts_at_midnight boolean,   -- whether midnight of the shop starts a session
    is_chosen boolean,          -- the shop's own
    bit bigint                  -- 2 to the power of the number − 1
)
