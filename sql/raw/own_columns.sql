-- One row per column that a source of the shop's own gives an export, with the rows that fill it.
create table raw.own_columns (
    export text,                -- its name in journey.yaml
    format text,                -- the source: sources/<format>.sql beside journey.yaml
    column_name text,           -- the canonical column
    row_count bigint,           -- rows loaded of the export
    filled_count bigint         -- those of them that have a value there
)
