-- One row per attempt whose steps are those of metrics.drop_off_steps: at a funnel (metrics.funnel_attempts), or of a journey
-- that reached a required stage of the map.
-- A journey is one attempt, as metrics.stage_drop_off counts it: matured when it is over, uncovered when it began before
-- all is known, on the shop day on which it began.
-- key: funnel_id, unit_id, entered_on
with furthest as (
    select journeys.journey_id, cast(count(*) as bigint) as furthest_step
    from journeys.journeys as journeys
    inner join metrics.measured_stages as measured
        on measured.is_required and measured.stage_position <= journeys.furthest_required_position
    group by journeys.journey_id
),

entries as (
    select journey_id, arg_min_null(session_id, reached_at) as session_id
    from metrics.stage_passages
    group by journey_id
)

select
    funnel_id,                  -- of settings.funnels, or map:stages
    unit_id,                    -- of metrics.funnel_attempts; of the map the journey
    person_id,                  -- of journeys.people
    entered_on,                 -- shop day of entry; of a journey, on which it began
    entered_at,                 -- UTC instant of it
    furthest_step,              -- of metrics.drop_off_steps: the last that was reached
    session_id,                 -- of journeys.sessions, of the entry; null: in none
    campaign,                   -- of that session; null: none
    state,                      -- matured, open or uncovered
    is_best                     -- the one that its unit counts with in a headline
from metrics.funnel_attempts
union all
select
    'map:stages', journeys.journey_id, journeys.person_id, shop_day(journeys.started_at, shop.time_zone),
    journeys.started_at, furthest.furthest_step, entries.session_id, sessions.campaign,
    case
        when coalesce(journeys.started_at < cut_off.visits_from, false) then 'uncovered'
        when matured.journey_id is null then 'open'
        else 'matured'
    end,
    true
from journeys.journeys as journeys
inner join furthest on journeys.journey_id = furthest.journey_id
left join entries on journeys.journey_id = entries.journey_id
left join journeys.sessions as sessions on entries.session_id = sessions.session_id
left join metrics.matured_journeys as matured on journeys.journey_id = matured.journey_id
cross join metrics.cut_off as cut_off
cross join settings.shop as shop
