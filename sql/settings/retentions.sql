-- One row per calendar retention table.
create table settings.retentions (
    retention_id text,          -- its id in journey.yaml
    retention_label text,       -- as pages call it
    period text,                -- hour, day, week or month
    cohort text                 -- first: of the first entry; every: of each period with an entry
)
