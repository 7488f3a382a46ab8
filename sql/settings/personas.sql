-- One row per persona; the first that fits is the person's.
create table settings.personas (
    persona text,               -- its id in journey.yaml
    persona_position bigint,    -- 1, 2, …: the order in which they are tried
    persona_label text          -- as pages call it
)
