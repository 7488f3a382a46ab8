-- One row per figure that attempts make, in the order in which a change lists them: the catalogue.
create table settings.kpis (
    kpi text,                   -- its id, as in metrics.kpi_attempts
    kpi_position bigint,        -- 1, 2, …, in the order in which a change lists them
    kpi_label text,             -- as pages call it
    name_in_sentence text,      -- as a sentence calls it
    unit text,                  -- share or currency
    is_higher_better boolean,   -- false: less of it is better
    denominator_name text,      -- what it is a share or mean of
    horizon_seconds double,     -- an attempt is matured so long after it began
    attempts_table text,        -- the table that holds its attempts
    is_headline boolean,        -- whether it stands among the headline figures
    funnel_id text,             -- of settings.funnels; null: it is no step's
    step_number bigint,         -- of settings.funnel_steps; null: it is no step's
    stage text                  -- of settings.stages; null: it is no stage's
)
