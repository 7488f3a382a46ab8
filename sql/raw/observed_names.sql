-- One row per file and name of a column, key or event in it, with its rows.
create table raw.observed_names (
    file_id text,               -- of raw.loads
    export text,                -- its name in journey.yaml
    what text,                  -- column or event
    name text,                  -- as it stands in the file
    row_count bigint            -- rows with it
)
