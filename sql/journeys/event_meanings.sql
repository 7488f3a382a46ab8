-- One row per kind of touchpoint and what it means: the name, stage and action of the first rule of journey.yaml that
-- matches it. A kind is a source and an event name and, in the click-stream, a path and the attributes that rules ask
-- for. One that no rule matches has no row.
-- key: source, event_name, url_path, traits
with kinds as (
    select distinct
        'events' as source, events.event_name, coalesce(events.url_path, '') as url_path,
        coalesce(traits.traits, '') as traits
    from staging.events as events
    left join staging.event_traits as traits on events.event_id = traits.event_id
    union
    select source, event_name, '', '' from journeys.record_states
),

unmet as (
    select kinds.source, kinds.event_name, kinds.url_path, kinds.traits, conditions.rule_number
    from kinds
    cross join settings.rule_conditions as conditions
    group by
        kinds.source, kinds.event_name, kinds.url_path, kinds.traits, conditions.rule_number, conditions.condition_number
    having not bool_or(contains(kinds.traits, '|' || conditions.attribute || '=' || conditions.value || '|'))
),

matched as (
    select kinds.source, kinds.event_name, kinds.url_path, kinds.traits, min(rules.rule_number) as rule_number
    from kinds
    inner join settings.touchpoint_rules as rules
        on
            (rules.source is null or rules.source = kinds.source)
            and (rules.event_name is null or rules.event_name = kinds.event_name)
            and (rules.url_pattern is null or kinds.url_path like rules.url_pattern)
    left join unmet
        on
            kinds.source = unmet.source
            and kinds.event_name = unmet.event_name
            and kinds.url_path = unmet.url_path
            and kinds.traits = unmet.traits
            and rules.rule_number = unmet.rule_number
    where unmet.rule_number is null
    group by kinds.source, kinds.event_name, kinds.url_path, kinds.traits
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
