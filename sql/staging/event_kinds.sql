-- One row per kind of click-stream event that a rule of journey.yaml matches, and the first rule that does. A kind is an
-- event name, a path and the attributes that rules ask for.
-- key: event_name, url_path, traits
with kinds as (
    select distinct events.event_name, coalesce(events.url_path, '') as url_path, coalesce(traits.traits, '') as traits
    from staging.events as events
    left join staging.event_traits as traits on events.event_id = traits.event_id
),

unmet as (
    select asked.traits, conditions.rule_number
    from (select distinct traits from kinds) as asked
    cross join settings.rule_conditions as conditions
    group by asked.traits, conditions.rule_number, conditions.condition_number
    having not bool_or(contains(asked.traits, '|' || conditions.attribute || '=' || conditions.value || '|'))
)

select
    kinds.event_name,           -- as the source names it
    kinds.url_path,             -- path of the page; empty: none
    kinds.traits,               -- of staging.event_traits; empty: none
    min(rules.rule_number) as rule_number,  -- of settings.touchpoint_rules
from kinds
inner join settings.touchpoint_rules as rules
    on
        coalesce(rules.source, 'events') = 'events'
        and (rules.event_name is null or rules.event_name = kinds.event_name)
        and (rules.url_pattern is null or kinds.url_path like rules.url_pattern)
left join unmet on kinds.traits = unmet.traits and rules.rule_number = unmet.rule_number
where unmet.rule_number is null
group by kinds.event_name, kinds.url_path, kinds.traits
