-- One row per stage: all that a column of the map shows, over the journeys of metrics.stage_drop_off. Friction is of visits
-- (metrics.emotion_curve).
-- key: stage
with required as (
    select
        stage,
        lead(stage_label) over (order by stage_position) as next_label
    from metrics.stage_drop_off
    where is_required
)

select
    stages.stage,               -- of settings.stages
    stages.stage_label,         -- as in journey.yaml
    stages.stage_position,      -- on the map
    required.next_label,        -- label of the required stage to go on to; null: none, or an optional stage
    stages.is_required,         -- optional stages never gate
    stages.reached_count,       -- journeys that reached it, open ones too
    stages.matured_count,       -- of these, journeys that are over
    stages.matured_count - coalesce(stages.dropped_count, 0) as went_on_count,  -- of these, went on, or had nothing to go on to
    stages.dropped_count,       -- of these, got no further; null: nothing to go on to
    stages.open_count,          -- journeys that may still go on, in no rate
    stages.skipped_count,       -- reached a later required stage without a touchpoint here
    rate(stages.skipped_count, stages.reached_count) as skipped_share,  -- skipped / reached
    stages.back_step_count,     -- times a journey went from here to an earlier stage
    stages.median_seconds,      -- time in the stage, median over the journeys that touched it
    stages.drop_off_rate,       -- dropped / matured
    stages.drop_off_low,        -- Wilson 95 %
    stages.drop_off_high,       -- Wilson 95 %
    1 - stages.drop_off_rate as went_on_rate,  -- went on / matured
    stages.to_be_rate,          -- target share that goes on
    stages.revenue_at_stake,    -- in the shop's currency
    stages.satisfaction_mean,   -- mean of the answers about this stage, 0–10
    case when csat.mean_low is not null then greatest(csat.mean_low, 0) end as satisfaction_low,  -- normal 95 %, within the scale
    case when csat.mean_high is not null then least(csat.mean_high, 10) end as satisfaction_high,  -- normal 95 %, within the scale
    stages.answer_count,        -- answers about this stage
    stages.is_small,            -- too few to rank the rate
    curve.session_count as friction_known_count,  -- matured sessions that touched the stage
    curve.friction_session_count,  -- of these, with a sign of friction there, back-steps aside
    curve.friction_rate,        -- friction sessions / sessions
    curve.friction_low,         -- Wilson 95 %
    curve.friction_high,        -- Wilson 95 %
    curve.is_small_friction,    -- too few sessions to compare stages by
    curve.rage_repeat_count,    -- episodes of the same action three times within rage_seconds
    curve.repeated_search_count,  -- searches after a search that found nothing
    curve.support_contact_count,  -- touchpoints after which help was asked for
from metrics.stage_drop_off as stages
inner join metrics.emotion_curve as curve on stages.stage = curve.stage
left join required on stages.stage = required.stage
left join metrics.csat_by_stage as csat on stages.stage = csat.stage
