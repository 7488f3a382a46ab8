-- One row per session: touchpoints of a person on the site without a gap longer than the timeout.
-- Engaged: longer than 10 s, or two or more views, or a key event.
-- key: session_id
with measured as (
    select
        session_id,
        person_id,
        session_number,
        min(occurred_at) as started_at,
        max(occurred_at) as ended_at,
        cast(count(*) as bigint) as touchpoint_count,
        cast(count(*) filter (where action = 'view') as bigint) as view_count,
        cast(count(*) filter (where action in ('key_event', 'purchase')) as bigint) as key_event_count,
        cast(count(*) filter (where action = 'error') as bigint) as error_count,
        max(stage_position) as furthest_stage_position,
        arg_min(url_path, (occurred_at, touchpoint_id)) as landing_path,
        arg_max(url_path, (occurred_at, touchpoint_id)) as exit_path,
        arg_min(channel, (occurred_at, touchpoint_id)) as channel,
        arg_min(device, (occurred_at, touchpoint_id)) as device
    from journeys.touchpoints
    where is_on_site
    group by session_id, person_id, session_number
)

select
    measured.session_id,        -- person and number
    measured.person_id,         -- of journeys.people
    measured.session_number,    -- 1 for the person's first session
    measured.started_at,        -- UTC instant of the first touchpoint
    measured.ended_at,          -- UTC instant of the last touchpoint
    date_diff('microsecond', measured.started_at, measured.ended_at) / 1000000.0 as duration_seconds,  -- first to last
    measured.touchpoint_count,  -- touchpoints in the session
    measured.view_count,        -- pages and products viewed
    measured.error_count,       -- errors met, as failed payments
    measured.landing_path,      -- path of the first page
    measured.exit_path,         -- path of the last page
    measured.channel,           -- of the first touchpoint
    measured.device,            -- of the first touchpoint
    stages.stage as furthest_stage,  -- the latest stage of the map that was touched
    date_diff('microsecond', measured.started_at, measured.ended_at) > 10000000
    or measured.view_count >= 2
    or measured.key_event_count >= 1 as is_engaged,  -- longer than 10 s, two views, or a key event
from measured
left join settings.stages as stages on measured.furthest_stage_position = stages.stage_position
