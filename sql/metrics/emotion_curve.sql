-- One row per stage of the map, in its order: how people felt there (CSAT of the answers about it) and what went wrong
-- for them (journeys.friction_signals): what an emotion curve draws.
-- The curve's height is mean_of_10; friction is drawn beneath on its own scale. The two are not mixed into one index:
-- no weighting of them is agreed on in the field, and their denominators differ (answers, sessions, touchpoints).
-- friction_rate = sessions with a signal at this stage / sessions that touched it; friction_per_100 = signals /
-- touchpoints of the stage × 100. Both without back-steps, which have their own column: going back and forth between a
-- list and its products is how people shop.
-- Matured only: whether a person asks for help soon after a session (settings.shop.support_contact_seconds) is known so
-- long after it (or after the session timeout, if that is longer), by the click-stream's cut-off and that of the tickets;
-- of a session before tickets are known, never. Younger sessions are open and,
-- with their touchpoints, in no figure; nor are runaway sessions. Off the site there are only errors, known at once.
-- key: stage
with knobs as (
    select small_cell, greatest(support_contact_seconds, session_timeout_seconds) as window_seconds from settings.shop
),

horizons as (
    select least(events_until, coalesce(tickets_until, events_until)) as known_until, tickets_from from metrics.cut_off
),

-- Few sessions are open or runaway: the others are found by their absence here.
excluded_sessions as (
    select sessions.session_id, true as is_open
    from journeys.sessions as sessions
    cross join knobs
    cross join horizons
    where
        elapsed_seconds(sessions.ended_at, horizons.known_until) < knobs.window_seconds
        and coalesce(sessions.started_at >= horizons.tickets_from, true)
    union all
    select sessions.session_id, false
    from journeys.sessions as sessions
    cross join horizons
    where sessions.started_at < horizons.tickets_from
    union all
    select session_id, false from journeys.quarantined_sessions
),

touches as (
    select
        touchpoints.stage,
        touchpoints.session_id,
        excluded_sessions.is_open,
        cast(count(*) as bigint) as touchpoint_count
    from journeys.touchpoints as touchpoints
    left join excluded_sessions on touchpoints.session_id = excluded_sessions.session_id
    where touchpoints.stage is not null
    group by touchpoints.stage, touchpoints.session_id, excluded_sessions.is_open
),

reach_counts as (
    select
        stage,
        cast(sum(case when is_open is null then touchpoint_count else 0 end) as bigint) as touchpoint_count,
        cast(count(case when is_open is null then session_id end) as bigint) as session_count,
        cast(count(case when is_open then session_id end) as bigint) as open_session_count
    from touches
    group by stage
),

signal_counts as (
    select
        signals.stage,
        cast(count(*) filter (where signals.signal = 'payment_failure') as bigint) as payment_failure_count,
        cast(count(*) filter (where signals.signal = 'error') as bigint) as error_count,
        cast(count(*) filter (where signals.signal = 'rage_repeat') as bigint) as rage_repeat_count,
        cast(count(*) filter (where signals.signal = 'repeated_search') as bigint) as repeated_search_count,
        cast(count(*) filter (where signals.signal = 'support_contact') as bigint) as support_contact_count,
        cast(count(*) filter (where signals.signal = 'back_step') as bigint) as back_step_count,
        cast(count(*) filter (where signals.signal <> 'back_step') as bigint) as friction_count,
        cast(count(distinct case when signals.signal <> 'back_step' then signals.session_id end) as bigint)
            as friction_session_count
    from journeys.friction_signals as signals
    left join excluded_sessions on signals.session_id = excluded_sessions.session_id
    where signals.stage is not null and excluded_sessions.session_id is null
    group by signals.stage
),

curve as (
    select
        stages.stage,
        stages.stage_label,
        stages.stage_position,
        knobs.small_cell,
        coalesce(reach_counts.touchpoint_count, 0) as touchpoint_count,
        coalesce(reach_counts.session_count, 0) as session_count,
        coalesce(reach_counts.open_session_count, 0) as open_session_count,
        coalesce(signal_counts.friction_session_count, 0) as friction_session_count,
        coalesce(signal_counts.friction_count, 0) as friction_count,
        coalesce(signal_counts.payment_failure_count, 0) as payment_failure_count,
        coalesce(signal_counts.error_count, 0) as error_count,
        coalesce(signal_counts.rage_repeat_count, 0) as rage_repeat_count,
        coalesce(signal_counts.repeated_search_count, 0) as repeated_search_count,
        coalesce(signal_counts.support_contact_count, 0) as support_contact_count,
        coalesce(signal_counts.back_step_count, 0) as back_step_count
    from settings.stages as stages
    cross join knobs
    left join reach_counts on stages.stage = reach_counts.stage
    left join signal_counts on stages.stage = signal_counts.stage
)

select
    curve.stage,                -- of settings.stages
    curve.stage_label,          -- as in journey.yaml
    curve.stage_position,       -- on the map
    coalesce(csat.answer_count, 0) as answer_count,  -- answers about this stage
    coalesce(csat.satisfied_count, 0) as satisfied_count,  -- of these, satisfied
    csat.csat,                  -- satisfied / answers; null: no answer
    csat.csat_low,              -- Wilson 95 %
    csat.csat_high,             -- Wilson 95 %
    csat.mean_of_10,            -- mean of the answers, 0–10: the curve's height; null: no answer
    csat.mean_low,              -- normal 95 %
    csat.mean_high,             -- normal 95 %
    is_small_cell(csat.answer_count, curve.small_cell) as is_small_satisfaction,  -- too few answers to compare stages by
    curve.session_count,        -- matured sessions that touched the stage
    curve.open_session_count,   -- sessions after which help may still be asked for, in no figure
    curve.friction_session_count,  -- matured sessions with a signal at this stage, back-steps aside
    rate(curve.friction_session_count, curve.session_count) as friction_rate,  -- of those sessions; null: no session
    case when curve.session_count > 0 then greatest(
        wilson_low(curve.friction_session_count, curve.session_count),
        0
    ) end as friction_low,        -- Wilson 95 %
    case
        when curve.session_count > 0
            then
                wilson_high(curve.friction_session_count, curve.session_count)
    end as friction_high,       -- Wilson 95 %
    is_small_cell(curve.session_count, curve.small_cell) as is_small_friction,  -- too few sessions to compare stages by
    curve.touchpoint_count,     -- touchpoints of the stage: those of matured sessions, and those off the site
    curve.friction_count,       -- signals at this stage, back-steps aside
    curve.payment_failure_count,  -- payments that failed
    curve.error_count,          -- other errors
    curve.rage_repeat_count,    -- episodes of the same action three times within rage_seconds
    curve.repeated_search_count,  -- searches after a search that found nothing
    curve.support_contact_count,  -- touchpoints after which help was asked for
    curve.back_step_count,      -- touchpoints that came from a later stage
    rate(100 * curve.friction_count, curve.touchpoint_count) as friction_per_100,  -- back-steps aside
    rate(100 * curve.payment_failure_count, curve.touchpoint_count) as payment_failures_per_100,  -- per 100 touchpoints
    rate(100 * curve.error_count, curve.touchpoint_count) as errors_per_100,  -- per 100 touchpoints
    rate(100 * curve.rage_repeat_count, curve.touchpoint_count) as rage_repeats_per_100,  -- per 100 touchpoints
    rate(100 * curve.repeated_search_count, curve.touchpoint_count) as repeated_searches_per_100,  -- per 100 touchpoints
    rate(100 * curve.support_contact_count, curve.touchpoint_count) as support_contacts_per_100,  -- per 100 touchpoints
    rate(100 * curve.back_step_count, curve.touchpoint_count) as back_steps_per_100,  -- per 100 touchpoints
from curve
left join metrics.csat_by_stage as csat on curve.stage = csat.stage
order by curve.stage_position
