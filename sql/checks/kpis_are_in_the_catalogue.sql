-- checks: metrics.kpi_attempts
-- severity: error
-- finds: figures without an entry in the catalogue
-- do: Add an entry for the figure to parcours/settings/kpis.py.
-- Every figure that has attempts has an entry in the catalogue: else nobody has said its horizon and direction.
select attempts.kpi, count(*) as attempt_count
from metrics.kpi_attempts as attempts
left join settings.kpis as kpis on attempts.kpi = kpis.kpi
where kpis.kpi is null
group by attempts.kpi
