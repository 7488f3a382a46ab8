-- One row per export and column of ids: the namespace whose ids they are, and how they are written.
create table raw.namespaces (
    export text,                -- its name in journey.yaml
    format text,                -- what its files are read as
    kind text,                  -- the raw table that its rows are in
    namespace text,             -- whose ids its own are
    is_declared boolean,        -- whether journey.yaml says so
    column_name text,           -- the column
    belongs_to text,            -- the kind of rows whose ids it holds; shop: of customers and carts
    is_written boolean,         -- whether its ids are written <namespace>:<id>, since their kind has several
    astray_count bigint         -- rows whose id there only others than this namespace have: it refers to nothing
)
