-- One row per value of the part of the people a change concerned; no row means everybody.
create table settings.change_segments (
    change_id text,             -- of settings.changes
    attribute text,             -- persona or device
    value text                  -- one that it concerned
)
