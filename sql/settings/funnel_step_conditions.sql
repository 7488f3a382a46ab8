-- One row per accepted value of a condition of a funnel's step.
create table settings.funnel_step_conditions (
    funnel_id text,             -- of settings.funnels
    step_number bigint,         -- of settings.funnel_steps
    condition_number bigint,    -- 1, 2, …: all of a step's must hold
    attribute text,             -- of settings.attributes
    value text                  -- accepted
)
