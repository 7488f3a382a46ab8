-- One row per touchpoint that may not come between a step of a funnel and the step before.
create table settings.funnel_exclusions (
    funnel_id text,             -- of settings.funnels
    step_number bigint,         -- of settings.funnel_steps: the later one
    touchpoint text             -- by its name
)
