-- One row per retention: `orders`, which every shop has, and those of journey.yaml.
create table settings.retentions (
    retention_id text,          -- orders, or its id in journey.yaml
    retention_label text,       -- as pages call it
    period text,                -- hour, day, week or month: of its cohorts
    cohort text,                -- first: of the first entry; every: of each period with an entry
    interval_seconds double,    -- how long an interval since a person's own start is; a month is 30 days
    week_shift_days bigint,     -- days from Monday to the day on which its weeks begin
    at_least bigint             -- who came back less often in an interval is not back in it
)
