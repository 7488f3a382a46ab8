-- One row per motivation, question or obstacle of customers in a stage, as the shop believes it to be.
create table settings.stage_words (
    position bigint,            -- in journey.yaml
    stage text,                 -- stage of the map
    kind text,                  -- motivation, question or obstacle
    said text,                  -- in the words of journey.yaml
    persona text,               -- whose it is; null: everybody's
    signal text                 -- the friction that would show it, of journeys.friction_signals; null: nothing does
)
