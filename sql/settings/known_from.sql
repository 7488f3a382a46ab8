-- One row per export of which journey.yaml says from which day on it is whole.
create table settings.known_from (
    export text,                -- its name in journey.yaml
    known_from_on date          -- the first shop day
)
