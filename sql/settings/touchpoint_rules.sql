-- One row per event name of a rule; the lowest rule number that matches wins.
create table settings.touchpoint_rules (
    rule_number bigint,         -- 1, 2, …, in the order of journey.yaml
    source text,                -- export of the event; null: any
    event_name text,            -- as the source names it; null: any
    url_pattern text,           -- SQL like pattern of the URL's path; null: any
    touchpoint text,            -- what the event is called
    stage text,                 -- stage it belongs to; null: none
    action text                 -- what it does to a cart, or how sessions count it; null: nothing
)
