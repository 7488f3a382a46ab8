-- One row per change and figure, in the catalogue's order; steps with the name of their funnel.
select
    impact.change_id, impact.kpi, catalogue.unit,
    catalogue.kpi_label as label, catalogue.name_in_sentence, catalogue.denominator_name, funnels.funnel_name,
    catalogue.kpi_label || coalesce(', step of ' || funnels.funnel_name, '') as full_label,
    impact.days_per_side, impact.before_denominator, impact.before_value, impact.after_denominator, impact.after_value,
    impact.difference, impact.relative_difference, impact.low, impact.high, impact.detectable_difference,
    impact.corrected_p_value, impact.verdict, impact.verdict = 'too early' as is_small
from metrics.change_impact as impact
inner join settings.kpis as catalogue on impact.kpi = catalogue.kpi
left join settings.funnels as funnels on catalogue.funnel_id = funnels.funnel_id
order by impact.changed_on, impact.change_id, catalogue.kpi_position
