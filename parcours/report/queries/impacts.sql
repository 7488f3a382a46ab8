-- One row per change and figure, step conversions with the names of their steps.
select
    impact.change_id, impact.kpi, earlier.step_label as from_step, steps.step_label as to_step, funnels.funnel_name,
    impact.days_per_side, impact.before_denominator, impact.before_value, impact.after_denominator, impact.after_value,
    impact.difference, impact.relative_difference, impact.low, impact.high, impact.detectable_difference,
    impact.corrected_p_value, impact.verdict
from metrics.change_impact as impact
left join settings.funnel_steps as steps
    on impact.kpi = 'step_conversion:' || steps.funnel_id || ':' || steps.step_number
left join settings.funnel_steps as earlier
    on steps.funnel_id = earlier.funnel_id and steps.step_number = earlier.step_number + 1
left join settings.funnels as funnels on steps.funnel_id = funnels.funnel_id
order by
    impact.changed_on, impact.change_id,
    list_position(
        ['conversion', 'cart_abandonment', 'checkout_abandonment', null, 'net_order_value', 'retention', 'satisfaction'],
        case when steps.funnel_id is null then impact.kpi end
    ) nulls first,
    steps.funnel_id, steps.step_number, impact.kpi
