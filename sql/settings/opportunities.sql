-- One row per idea to make a stage better, and what became of it.
create table settings.opportunities (
    opportunity_id text,        -- its id in journey.yaml
    position bigint,            -- in journey.yaml
    stage text,                 -- stage of the map
    idea text,                  -- in the words of journey.yaml
    state text,                 -- idea, doing or done
    change_id text              -- the change that it became, of settings.changes; null: none yet
)
