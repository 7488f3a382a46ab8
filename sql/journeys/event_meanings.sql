-- One row per kind of touchpoint and what it means: the name, stage and action of the first rule of journey.yaml that
-- matches it. A kind is a source and an event name and, in the click-stream, a path. One that no rule matches has no row.
-- key: source, event_name, url_path
with kinds as (
    select 'events' as source, event_name, coalesce(url_path, '') as url_path
    from (select distinct event_name, url_path from staging.events) as pages
    union
    select source, event_name, '' from journeys.record_states
),

matched as (
    select kinds.source, kinds.event_name, kinds.url_path, min(rules.rule_number) as rule_number
    from kinds
    inner join settings.touchpoint_rules as rules
        on
            (rules.source is null or rules.source = kinds.source)
            and (rules.event_name is null or rules.event_name = kinds.event_name)
            and (rules.url_pattern is null or kinds.url_path like rules.url_pattern)
    group by kinds.source, kinds.event_name, kinds.url_path
),

rules as (
    select distinct rule_number, touchpoint, stage, action
    from settings.touchpoint_rules
)

select
    matched.source,             -- events, orders, feedback (answers), invitations (to answer), tickets, deals or contacts
    matched.event_name,         -- as the source names it
    matched.url_path,           -- path of the page; empty: none
    rules.touchpoint,           -- name by the first matching rule
    rules.stage,                -- by the first matching rule; null: no stage
    stages.stage_position,      -- of the stage on the map
    rules.action,               -- what it does to a cart, or how sessions count it
from matched
inner join rules on matched.rule_number = rules.rule_number
left join settings.stages as stages on rules.stage = stages.stage
