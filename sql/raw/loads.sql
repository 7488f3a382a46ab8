-- One row per file and format: rows read = loaded + duplicate + rejected. A file is loaded whole, in one transaction; one
-- that holds what another holds is all duplicates, and one that was renamed is known. A refused file says why.
create table raw.loads (
    file_id text,               -- hash of the file's content; behind a point, what tells apart files or formats with the same
    path text,                  -- where it lay, under the exports folder
    file_order text,            -- sorts as people read file names: 9 before 10
    load_number bigint,         -- 1, 2, …: the runs that loaded something
    export text,                -- its name in journey.yaml
    format text,                -- what it was read as
    kind text,                  -- the raw table that its rows are in
    status text,                -- loaded, rejected (each of its rows), refused, replaced (delivered anew) or unloaded (taken back)
    reason text,                -- why it, or each of its rows, was refused; null: it was not
    rows_read bigint,           -- rows of the file
    rows_loaded bigint,         -- rows that are new
    rows_duplicate bigint,      -- rows that were there already
    rows_rejected bigint,       -- rows in raw.rejected_rows
    covers_until timestamp,     -- UTC instant until which it reaches
    unloaded_at timestamp,      -- UTC instant at which it was taken back; null: it was not
    read_with text,             -- what it was read with: the hash of each part by its name; null: that was not noted yet
    read_otherwise text,        -- what has changed since, of a file that can no longer be read again; null: nothing
    covers_from timestamp,      -- UTC instant of the first thing that its rows tell, of what is kept (keep_months); null: none
    rows_faultless bigint,      -- of the rejected rows, those with which nothing is wrong: older than keep_months, or of somebody who was forgotten
    dialect text                -- how it is written: separator, encoding, decimal mark, order of dates; null: as programs write
)
