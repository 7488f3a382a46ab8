-- One row per survey that journey.yaml says something of.
-- key: survey
create table settings.surveys (
    survey text,                -- its name in the exports
    kind text,                  -- csat, nps or ces; null: by its scale
    is_best_lowest boolean      -- a low score is a good one
)
