-- One row per stage of the journey, in the order of the map.
create table settings.stages (
    stage text,                 -- its id in journey.yaml
    stage_position bigint,      -- 1, 2, …, in the order of the journey
    stage_label text,           -- as pages call it
    is_required boolean,        -- false: it never gates
    to_be_rate double           -- target: the share of journeys that should go on from it; null: none
)
