-- title: {name} loses {value} of the journeys that reach it
-- unit: share
-- headline: highest
select stage_label as name, drop_off_rate as value, drop_off_low as low, drop_off_high as high
from metrics.stage_drop_off
where drop_off_rate is not null and not is_small
order by stage_position
