-- One row per source and event name: how many touchpoints a rule of journey.yaml places in a stage, and of orders how
-- much of their net revenue. An order's revenue counts once, with the touchpoint of its placing. Survey invitations
-- are left out: being asked is no step of a journey.
-- key: source, event_name
with touchpoint_values as (
    select
        source,
        event_name,
        stage,
        touchpoint,
        case
            when source = 'orders' and event_name = 'order placed' then cast(coalesce(value, 0) as decimal(36, 2))
        end as net_revenue
    from journeys.touchpoints
    where source <> 'invitations'
)

select
    source,                     -- events, orders, feedback …
    event_name,                 -- as the source names it
    cast(count(*) as bigint) as touchpoint_count,  -- touchpoints
    cast(count(stage) as bigint) as staged_count,  -- of these, with a stage
    cast(count(touchpoint) as bigint) as named_count,  -- of these, matched by a rule
    cast(sum(net_revenue) as decimal(36, 2)) as net_revenue,  -- of orders placed; else null
    cast(
        sum(case when net_revenue is not null and stage is null then 0 else net_revenue end) as decimal(36, 2)
    ) as staged_revenue,        -- of these, of orders whose placing has a stage
from touchpoint_values
group by source, event_name
