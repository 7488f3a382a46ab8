-- One row per dimension, value and stage of the map, without the counts of what is left out; the largest values first,
-- months in their order, and only dimensions that tell some journeys from others.
with cells as (
    select
        by_segment.*,
        stages.stage_label,
        max(by_segment.matured_count) over (partition by by_segment.dimension, by_segment.value) as largest_count
    from metrics.stage_drop_off_by_segment as by_segment
    inner join settings.stages as stages on by_segment.stage = stages.stage
)

select
    dimension, value, stage, stage_label,
    case when not is_left_out then matured_count end as matured_count,
    case when not is_left_out then dropped_count end as dropped_count,
    case when not is_left_out then drop_off_rate end as drop_off_rate,
    case when not is_left_out then drop_off_low end as drop_off_low,
    case when not is_left_out then drop_off_high end as drop_off_high
from cells
qualify count(distinct value) over (partition by dimension) > 1
order by
    dimension, case when dimension = 'month' then value end, value = 'not known', largest_count desc, value,
    stage_position
