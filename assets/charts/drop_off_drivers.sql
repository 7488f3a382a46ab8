-- title: {name}: {value} times the drop-off of those compared
-- unit: number
-- headline: highest
select step_label || ': ' || replace(factor, '_', ' ') || ' ' || replace(level, '_', ' ') as name, lift as value, lift_low as low, lift_high as high
from metrics.drop_off_drivers
where is_told
order by lift desc, name
