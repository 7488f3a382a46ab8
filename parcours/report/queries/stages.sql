-- One row per stage of the map, with all that its column shows.
select
    stages.stage,
    stages.stage_label as label,
    case when stages.is_required then (
        select following.stage_label
        from metrics.stage_drop_off as following
        where following.is_required and following.stage_position > stages.stage_position
        order by following.stage_position
        limit 1
    ) end as next_label,
    stages.is_required, stages.reached_count, stages.matured_count,
    stages.matured_count - coalesce(stages.dropped_count, 0) as went_on_count,
    stages.dropped_count, stages.open_count, stages.skipped_count,
    stages.skipped_count / nullif(stages.reached_count, 0) as skipped_share,
    stages.back_step_count, stages.median_seconds, stages.drop_off_rate, stages.drop_off_low, stages.drop_off_high,
    1 - stages.drop_off_rate as went_on_rate,
    stages.to_be_rate, stages.revenue_at_stake, stages.satisfaction_mean,
    case when csat.mean_low is not null then greatest(csat.mean_low, 0) end as satisfaction_low,
    case when csat.mean_high is not null then least(csat.mean_high, 10) end as satisfaction_high,
    stages.answer_count, stages.is_small
from metrics.stage_drop_off as stages
left join metrics.csat_by_stage as csat on stages.stage = csat.stage
order by stages.stage_position
