-- One row per shop day and export: what was measured without consent (staging.exempt_events). It is in no other figure:
-- nobody's visit is among it, no order belongs to it, and whoever comes again on another day is not known.
-- Sessions: events of a device on a day that a person caused, without a gap longer than the session timeout. Views: events
-- whose first rule has the action view or search.
-- key: export, visited_on
with clicks as (
    select
        events.export,
        events.day_id,
        events.occurred_at,
        events.event_id,
        shop_day(events.occurred_at, shop.time_zone) as visited_on,
        shop.session_timeout_seconds,
        lag(events.occurred_at) over (
            partition by events.export, events.day_id order by events.occurred_at, events.event_id
        ) as previous_at
    from staging.exempt_events as events
    cross join settings.shop as shop
    where events.is_person_caused and not events.is_bot
),

views as (
    select events.event_id
    from staging.exempt_events as events
    inner join settings.touchpoint_rules as rules
        on
            (rules.source is null or rules.source = 'events')
            and (rules.event_name is null or rules.event_name = events.event_name)
            and (rules.url_pattern is null or coalesce(events.url_path, '') like rules.url_pattern)
    group by events.event_id
    having arg_min(rules.action, rules.rule_number) in ('view', 'search')
)

select
    clicks.export,              -- its name in journey.yaml
    clicks.visited_on,          -- shop day
    cast(
        count(
            case
                when clicks.day_id is null then null
                when elapsed_seconds(clicks.previous_at, clicks.occurred_at) <= clicks.session_timeout_seconds then null
                else 1
            end
        ) as bigint
    ) as session_count,         -- sessions; 0 where the export does not tell devices apart
    cast(count(*) as bigint) as event_count,  -- events that a person caused
    cast(count(views.event_id) as bigint) as view_count,  -- of these, views
from clicks
left join views on clicks.event_id = views.event_id
group by clicks.export, clicks.visited_on
