-- One row per figure, day and cause: what moved since the last report, the day before last first.
select
    restatements.kpi,
    kpis.kpi_label as label,
    kpis.unit,
    restatements.happened_on,
    restatements.cause,
    restatements.attempt_count,
    restatements.numerator_change,
    restatements.denominator_change,
    restatements.value_before,
    restatements.value_now
from metrics.restatements as restatements
inner join settings.kpis as kpis on restatements.kpi = kpis.kpi
order by restatements.happened_on desc, kpis.kpi_position, restatements.cause
