-- One row per value of the part of the attempts that a change concerned; no row means all.
create table settings.change_segments (
    change_id text,             -- of settings.changes
    attribute text,             -- device, persona, channel, country, or one of settings.attributes
    value text                  -- one that it concerned
)
