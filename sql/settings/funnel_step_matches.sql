-- One row per alternative of a funnel's step; null matches anything.
create table settings.funnel_step_matches (
    funnel_id text,             -- of settings.funnels
    step_number bigint,         -- of settings.funnel_steps
    touchpoint text,            -- touchpoint that is the step; null: any
    stage text,                 -- stage whose touchpoints are the step; null: any
    device text,                -- on this device only; null: any
    channel text                -- from this channel only; null: any
)
