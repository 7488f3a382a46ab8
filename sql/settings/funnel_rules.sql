-- One row per step of a funnel: what may lie before it.
create table settings.funnel_rules (
    funnel_id text,             -- of settings.funnels
    step_number bigint,         -- of settings.funnel_steps
    window_seconds double,      -- the most time since the entry, its end included; null: any
    within_seconds double,      -- the most time since the step before; null: any
    at_least_seconds double,    -- the least time since the step before
    is_strict boolean,          -- it is the unit's very next touchpoint
    is_open boolean             -- it may be the entry
)
