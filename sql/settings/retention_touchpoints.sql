-- One row per touchpoint that enters a cohort or comes back; null matches anything.
create table settings.retention_touchpoints (
    retention_id text,          -- of settings.retentions
    role text,                  -- entry or comeback
    touchpoint text             -- the touchpoint; null: any
)
