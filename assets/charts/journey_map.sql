-- title: {name} loses {value} of the journeys that reach it
-- unit: share
-- headline: highest
select
    stage_label as name, drop_off_rate as value, drop_off_low as low, drop_off_high as high,
    reached_count - coalesce(open_count, 0) - coalesce(dropped_count, 0) as went_on_count,
    coalesce(open_count, 0) as open_count, coalesce(dropped_count, 0) as dropped_count
from metrics.journey_map
where is_required and reached_count is not null
order by stage_position
