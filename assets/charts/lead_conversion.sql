-- title: {value} of the leads are won in {name}
-- unit: share
-- headline: highest
select window_days || ' days' as name, conversion_rate as value, conversion_low as low, conversion_high as high
from metrics.lead_conversion
where conversion_rate is not null
order by window_days
