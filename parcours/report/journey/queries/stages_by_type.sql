-- One row per type of journey and stage, without the counts of what is left out; all journeys first, then the types in
-- the order in which they are told apart, and those left out together.
select
    by_type.journey_type, by_type.stage, stages.stage_label,
    stages.stage_label || case when by_type.is_required then '' else '*' end as label,
    case when not by_type.is_left_out then by_type.journey_count end as journey_count,
    case when not by_type.is_left_out then by_type.visited_count end as visited_count,
    case when not by_type.is_left_out then by_type.visited_share end as visited_share,
    case when not by_type.is_left_out then by_type.visited_low end as visited_low,
    case when not by_type.is_left_out then by_type.visited_high end as visited_high,
    case when not by_type.is_time_left_out then by_type.median_seconds end as median_seconds,
    case when not by_type.is_satisfaction_left_out then by_type.answer_count end as answer_count,
    case when not by_type.is_satisfaction_left_out then by_type.satisfaction_mean end as satisfaction_mean
from metrics.stages_by_journey_type as by_type
inner join settings.stages as stages on by_type.stage = stages.stage
order by
    case by_type.journey_type
        when 'all' then 0 when 'first purchase' then 1 when 'renewal' then 2 when 'support' then 3 when 'usage' then 4 else 5
    end,
    by_type.stage_position
