-- One row per stage: what the intended path says of it, and the longest time in it (null: any).
create table settings.path_stages (
    stage text,                 -- of settings.stages
    stage_position bigint,      -- 1, 2, …, in the order of the journey
    rule text,                  -- required, optional or forbidden
    maximum_seconds double      -- visits of a journey in it last at most so long; null: any time
)
