-- One row: the shop, and the knobs of the definitions.
create table settings.shop (
    name text,                  -- shown in the report's title
    time_zone text,             -- IANA name; days and hours are those there
    currency text,              -- ISO 4217 code of all amounts
    language text,              -- language of dates and numbers in the report
    session_timeout_seconds double,  -- a strictly greater gap starts a new session
    session_maximum_seconds double,  -- a session that has lasted so long is cut
    cart_horizon_seconds double,  -- an order within it makes a cart converted
    retention_days bigint,      -- a second order within it makes a customer retained
    inactivity_seconds double,  -- a journey silent for longer has ended
    attribution_seconds double,  -- an order belongs to the last session within it
    survey_lag_seconds double,  -- how long after something an answer may come and belong to it
    identity_link_limit bigint,  -- an identifier that meets more customers than this links nothing
    small_cell bigint,          -- below it counts are shown and rates are not ranked
    guard_days bigint,          -- days around the date of a change that are left out
    bot_events_per_hour bigint,  -- a person with more events within any 60 minutes is a bot
    leaves_out_screened boolean,  -- whether bots and staff are in no figure
    cuts_sessions_by_tracker boolean,  -- whether the tracker's own session ids say what a session is, where there are any
    cuts_sessions_at_midnight boolean,  -- whether midnight of the shop starts a session
    cuts_sessions_at_campaigns boolean,  -- whether another campaign starts a session
    runaway_touchpoints bigint,  -- a session with more touchpoints is in quarantine
    engaged_seconds double,     -- a session that lasts longer is engaged
    engaged_views bigint,       -- a session with so many views is engaged
    cart_silence_seconds double,  -- a cart with something in it, untouched for so long, is abandoned
    cart_action_seconds double,  -- a cart left for so long is due for a reminder
    rage_seconds double,        -- three times the same within it is a rage repeat
    support_contact_seconds double  -- asking for help within it is held against the touchpoint before
)
