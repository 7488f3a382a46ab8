-- title: {name}: {value}
-- unit: share
select names.kpi_label as name, kpis.value, kpis.low, kpis.high
from metrics.kpis as kpis
inner join settings.kpis as names on kpis.kpi = names.kpi
where kpis.period = 'all' and kpis.value is not null and names.unit = 'share'
order by names.kpi_position
