-- One row per headline figure: the whole period, beside its earlier and later halves.
select
    whole.kpi, whole.numerator, whole.denominator, whole.open_count, whole.value, whole.low, whole.high, whole.target,
    earlier.from_on as earlier_from, earlier.until_on as earlier_until,
    earlier.value as earlier_value, earlier.low as earlier_low, earlier.high as earlier_high,
    later.from_on as later_from, later.until_on as later_until,
    later.value as later_value, later.low as later_low, later.high as later_high,
    later.value - earlier.value as difference
from metrics.kpis as whole
left join metrics.kpis as earlier on whole.kpi = earlier.kpi and earlier.period = 'before'
left join metrics.kpis as later on whole.kpi = later.kpi and later.period = 'after'
where whole.period = 'all'
order by whole.kpi
