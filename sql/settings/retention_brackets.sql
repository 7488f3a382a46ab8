-- One row per bracket of days since a person's own start.
create table settings.retention_brackets (
    bracket_number bigint,      -- from 0, by the last day
    from_day bigint,            -- its first day; 0 is the first 24 hours
    to_day bigint               -- its last day, which is in it
)
