-- One row per figure of a change of which something was first said at its latest look, with the shop day of that; what
-- moved first.
select
    impact.read_on,
    '“' || impact.change_label || '”, ' || kpis.kpi_label || ': ' || impact.sentence as sentence
from metrics.change_impact as impact
inner join settings.kpis as kpis on impact.kpi = kpis.kpi
where
    impact.verdict in ('no evidence', 'too little to tell', 'cannot be told apart')
    or (impact.verdict in ('improved', 'worsened') and (impact.crossed = impact.looked or impact.is_faded))
order by
    impact.verdict in ('improved', 'worsened') desc, impact.changed_on, impact.change_id, impact.is_meant desc,
    kpis.kpi_position
