-- One row per file in the exports' folder when it was last read, with the exports whose paths match it.
create table raw.found_files (
    path text,                  -- where it lies, under the exports folder
    exports text[]              -- their names in journey.yaml, in its order; none: it is not read
)
