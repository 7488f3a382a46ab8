-- One row per funnel.
create table settings.funnels (
    funnel_id text,             -- its id in journey.yaml
    funnel_name text,           -- as pages call it
    unit text,                  -- what is counted: person, session, journey, order or cart
    window_seconds double,      -- the last step comes at most this long after the first; null: whenever
    step_count bigint,          -- how many steps it has
    funnel_number bigint,       -- 1, 2, …, in the order of journey.yaml
    step_order text,            -- sequential, strict or any
    window_from text,           -- first or prior: the step that the window counts from
    ties text,                  -- advance: touchpoints of one instant may be two steps; forbidden
    chain text                  -- the select of sql/funnels that finds its attempts
)
