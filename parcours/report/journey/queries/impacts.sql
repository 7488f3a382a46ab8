-- One row per change and figure: the change's own figures first (the one it was meant to move, else the steps that leave
-- its stage, then those that enter it), the others in the catalogue's order; steps with the name of their funnel, and
-- without that of what they count.
with steps as (
    select distinct matches.funnel_id, matches.step_number, coalesce(matches.stage, rules.stage) as stage
    from settings.funnel_step_matches as matches
    left join settings.touchpoint_rules as rules on matches.touchpoint = rules.touchpoint
)

select
    impact.change_id, impact.kpi, catalogue.unit,
    catalogue.kpi_label as label, catalogue.name_in_sentence, funnels.funnel_name,
    case when catalogue.funnel_id is null then catalogue.denominator_name end as denominator_name,
    impact.changed_on, impact.ended_on, impact.verdict, impact.crossed, impact.is_faded, impact.looked,
    impact.looked_until, impact.measuring_until, impact.weeks_before, impact.before_denominator, impact.before_value,
    impact.after_denominator, impact.after_value, impact.expected_value, impact.difference, impact.relative_difference,
    impact.low, impact.high, impact.p_seq, impact.together_with, impact.wander, impact.plain_difference,
    impact.mix_difference, impact.rate_difference, impact.beside, impact.sentence,
    impact.verdict in ('not measured before', 'too little to tell') as is_small
from metrics.change_impact as impact
inner join settings.kpis as catalogue on impact.kpi = catalogue.kpi
left join settings.funnels as funnels on catalogue.funnel_id = funnels.funnel_id
left join steps as leaving
    on
        catalogue.funnel_id = leaving.funnel_id
        and catalogue.step_number = leaving.step_number + 1
        and impact.stage = leaving.stage
left join steps as entering
    on
        catalogue.funnel_id = entering.funnel_id
        and catalogue.step_number = entering.step_number
        and impact.stage = entering.stage
order by
    impact.changed_on, impact.change_id, impact.is_meant desc, leaving.stage is null, entering.stage is null,
    catalogue.stage is distinct from impact.stage, catalogue.kpi_position
