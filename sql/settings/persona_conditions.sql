-- One row per accepted value of a persona's condition.
create table settings.persona_conditions (
    persona text,               -- of settings.personas
    condition_number bigint,    -- 1, 2, …: all of a persona's must hold
    attribute text,             -- what is looked at, of journeys.people
    value text                  -- accepted
)
