-- One row per person who asked to be forgotten and table: the rows deleted, and when; not who.
create table raw.forgettings (
    forgotten_at timestamp,     -- UTC instant
    identifier_count bigint,    -- identifiers that the person had
    table_name text,            -- of which rows were deleted
    row_count bigint            -- rows deleted
)
