-- One row per span of days on which the shop sells as it usually doesn't, whatever it changes: holidays, sales.
create table settings.calendar (
    name text,                  -- spans of one name are thought to do the same each time
    starts_on date,             -- first shop day
    ends_on date                -- last shop day
)
