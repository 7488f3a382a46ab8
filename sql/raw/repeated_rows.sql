-- One row per run of lines of a file that were there already, and where: they come back if the file that had them first
-- is unloaded.
create table raw.repeated_rows (
    file_id text,               -- of raw.loads: the file that repeats them
    line bigint,                -- in it, the first of the run
    row_count bigint,           -- lines in the run, one after the other in both files
    of_file_id text,            -- of raw.loads: the file whose rows are stored
    of_line bigint              -- in it, the first of the run
)
