-- One row per pair of places of the intended path with a longest time between them; a place is a stage or a touchpoint.
create table settings.path_limits (
    limit_number bigint,        -- 1, 2, …, in the order of journey.yaml
    from_type text,             -- stage or touchpoint
    from_place text,            -- where the time begins
    to_type text,               -- stage or touchpoint
    to_place text,              -- where it ends
    maximum_seconds double      -- more than this is late
)
