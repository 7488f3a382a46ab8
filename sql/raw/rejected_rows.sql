-- One row per rejected row: its file, line, reason and text, with personal data masked.
create table raw.rejected_rows (
    file_id text,               -- of raw.loads
    line bigint,                -- in the file, from 1
    reason text,                -- what is wrong with it
    text text,                  -- the row as it stands in the file, personal data masked
    named text[]                -- pseudonyms of the identifiers that it carries; null: it could not be read so far
)
