-- One row per change that the shop made, or incident that it had.
create table settings.changes (
    change_id text,             -- its id in journey.yaml
    change_label text,          -- as pages call it
    changed_on date,            -- shop day on which it came
    ended_on date,              -- an incident's last shop day; null: it holds on
    stage text,                 -- stage that it concerns; null: not said
    what text                   -- what was done; empty: not said
)
