-- One row per accepted value of a condition of a touchpoint rule.
create table settings.rule_conditions (
    rule_number bigint,         -- of settings.touchpoint_rules
    condition_number bigint,    -- 1, 2, …: all of a rule's must hold
    attribute text,             -- of settings.attributes, of scope event
    value text                  -- accepted
)
