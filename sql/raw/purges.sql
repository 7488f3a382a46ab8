-- One row per export and run that deleted rows of it because they were older than keep_months of journey.yaml says. What
-- raw.loads says of the files stays as it was when they were loaded.
create table raw.purges (
    purged_at timestamp,        -- UTC instant
    export text,                -- its name in journey.yaml
    table_name text,            -- of which rows were deleted
    keep_months bigint,         -- of the export
    kept_from timestamp,        -- UTC instant: what was older went
    row_count bigint,           -- rows deleted
    text_count bigint           -- rejected rows whose text was deleted
)
