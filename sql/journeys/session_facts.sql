-- One row per session as it was cut, runaway ones too: what journeys.sessions and journeys.quarantined_sessions share.
-- Engaged: longer than settings.shop.engaged_seconds, or engaged_views views, or a key event. Runaway: more touchpoints than a person would make
-- (settings.shop.runaway_touchpoints): a page that reloads itself, a test, a device that was never logged out.
-- key: session_id
-- keyed by: person_id
with extents as (
    select
        person_id,
        session_id,
        min(occurred_at) as started_at,
        max(occurred_at) as ended_at,
        cast(count(*) as bigint) as touchpoint_count,
        cast(count(*) filter (where action in ('view', 'search')) as bigint) as view_count,
        cast(count(*) filter (where action in ('key_event', 'purchase')) as bigint) as key_event_count,
        cast(count(*) filter (where action = 'error') as bigint) as error_count,
        max(stage_position) as furthest_stage_position,
        arg_min(url_path, (occurred_at, coalesce(sequence, 9223372036854775807), touchpoint_id)) as landing_path,
        arg_max(url_path, (occurred_at, coalesce(sequence, 9223372036854775807), touchpoint_id)) as exit_path,
        arg_min(channel, (occurred_at, coalesce(sequence, 9223372036854775807), touchpoint_id)) as channel,
        arg_min(campaign, (occurred_at, coalesce(sequence, 9223372036854775807), touchpoint_id)) as campaign,
        min(agent) as agent,
        arg_min(device, (occurred_at, coalesce(sequence, 9223372036854775807), touchpoint_id)) as device
    from journeys.touchpoints
    where is_on_site
    group by person_id, session_id
)

select
    extents.session_id,         -- person and number of the visit; a visit over the maximum length has pieces
    extents.person_id,          -- of journeys.people
    extents.started_at,         -- UTC instant of the first touchpoint
    extents.ended_at,           -- UTC instant of the last touchpoint
    elapsed_seconds(extents.started_at, extents.ended_at) as duration_seconds,  -- first to last
    extents.touchpoint_count,   -- touchpoints in the session
    extents.view_count,         -- pages, products and searches viewed
    extents.error_count,        -- errors met, as failed payments
    extents.landing_path,       -- path of the first page
    extents.exit_path,          -- path of the last page
    extents.channel,            -- of the first touchpoint
    extents.campaign,           -- of its first touchpoint that has one: utm_campaign, else utm_source; null: none
    extents.device,             -- of the first touchpoint
    extents.agent,              -- the agent that acted for the person in it, as ChatGPT-User; null: none is known
    stages.stage as furthest_stage,  -- the latest stage of the map that was touched
    elapsed_seconds(extents.started_at, extents.ended_at) > shop.engaged_seconds
    or extents.view_count >= shop.engaged_views
    or extents.key_event_count >= 1 as is_engaged,  -- long enough, views enough, or a key event
    extents.touchpoint_count > shop.runaway_touchpoints as is_runaway,  -- in quarantine: in no figure of sessions
from extents
cross join settings.shop as shop
left join settings.stages as stages on extents.furthest_stage_position = stages.stage_position
