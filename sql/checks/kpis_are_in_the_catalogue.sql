-- checks: metrics.kpi_attempts
-- severity: error
-- Every figure that has attempts has an entry in the catalogue (parcours/settings/kpis.py): else nobody has said its horizon and direction.
select attempts.kpi, count(*) as attempt_count
from metrics.kpi_attempts as attempts
left join settings.kpis as kpis on attempts.kpi = kpis.kpi
where kpis.kpi is null
group by attempts.kpi
