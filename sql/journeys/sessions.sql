-- One row per session: touchpoints of a person on the site without a gap longer than the timeout.
-- Engaged: longer than settings.shop.engaged_seconds, or engaged_views views, or a key event. Runaway sessions are in quarantine, not here:
-- journeys.quarantined_sessions. The session's value is that of the orders that belong to it, by the orders export.
-- key: session_id
-- keyed by: person_id
with session_orders as (
    select
        person_id,
        session_id,
        cast(count(*) as bigint) as order_count,
        cast(sum(net_revenue) as decimal(36, 2)) as net_revenue
    from journeys.order_sessions
    where session_id is not null
    group by person_id, session_id
)

select
    facts.session_id,           -- person and number of the visit; a visit over the maximum length has pieces
    facts.person_id,            -- of journeys.people
    cast(row_number() over (partition by facts.person_id order by facts.started_at) as bigint)
        as session_number,      -- 1 for the person's first session
    facts.started_at,           -- UTC instant of the first touchpoint
    facts.ended_at,             -- UTC instant of the last touchpoint
    facts.duration_seconds,     -- first to last
    facts.touchpoint_count,     -- touchpoints in the session
    facts.view_count,           -- pages, products and searches viewed
    facts.error_count,          -- errors met, as failed payments
    facts.landing_path,         -- path of the first page
    facts.exit_path,            -- path of the last page
    facts.channel,              -- of the first touchpoint
    facts.campaign,             -- the first that it names: utm_campaign, else utm_source; null: none
    facts.device,               -- of the first touchpoint
    facts.agent,                -- the agent that acted for the person in it, as ChatGPT-User; null: none is known
    facts.furthest_stage,       -- the latest stage of the map that was touched
    facts.is_engaged,           -- long enough, views enough, or a key event
    coalesce(session_orders.order_count, 0) as order_count,  -- orders that belong to it
    coalesce(session_orders.net_revenue, 0) as net_revenue,  -- of those orders, as far as it is known: the session's value
from journeys.session_facts as facts
left join session_orders on facts.session_id = session_orders.session_id
where not facts.is_runaway
