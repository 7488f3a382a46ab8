-- One row per kind of touchpoint and what it means: the name, stage and action of the first rule of journey.yaml that
-- matches it. A kind is a source and an event name and, in the click-stream, a path and the attributes that rules ask
-- for (staging.event_kinds). One that no rule matches has no row.
-- key: source, event_name, url_path, traits
with matched as (
    select 'events' as source, event_name, url_path, traits, rule_number
    from staging.event_kinds
    union all
    select states.source, states.event_name, '', '', min(rules.rule_number)
    from journeys.record_states as states
    inner join settings.touchpoint_rules as rules
        on
            (rules.source is null or rules.source = states.source)
            and (rules.event_name is null or rules.event_name = states.event_name)
            and (rules.url_pattern is null or '' like rules.url_pattern)
    where rules.rule_number not in (select conditions.rule_number from settings.rule_conditions as conditions)
    group by states.source, states.event_name
),

rules as (
    select distinct rule_number, touchpoint, stage, action
    from settings.touchpoint_rules
)

select
    matched.source,             -- events, orders, feedback (answers), invitations (to answer), tickets, deals or contacts
    matched.event_name,         -- as the source names it
    matched.url_path,           -- path of the page; empty: none
    matched.traits,             -- of staging.event_traits; empty: none
    rules.touchpoint,           -- name by the first matching rule
    rules.stage,                -- by the first matching rule; null: no stage
    stages.stage_position,      -- of the stage on the map
    rules.action,               -- what it does to a cart, or how sessions count it
from matched
inner join rules on matched.rule_number = rules.rule_number
left join settings.stages as stages on rules.stage = stages.stage
