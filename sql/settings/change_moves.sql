-- One row per figure that a change was meant to move.
create table settings.change_moves (
    change_id text,             -- of settings.changes
    kpi text                    -- of settings.kpis
)
