-- One row per step of a funnel.
create table settings.funnel_steps (
    funnel_id text,             -- of settings.funnels
    step_number bigint,         -- 1, 2, …
    step_label text             -- as pages call it
)
