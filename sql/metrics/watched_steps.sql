-- One row per step at which incidents are looked for (metrics.step_days): what it is called, and what somebody who does
-- not go on there would have been worth: the share of those who go on that orders, times the average net order value.
-- key: step
with reached as (
    select
        chain.step_number,
        chain.step,
        chain.step_label,
        lead(chain.step_label) over (order by chain.step_number) as next_label,
        cast(count(visits.session_id) filter (where visits.furthest_step > chain.step_number) as bigint) as next_count,
        cast(count(visits.session_id) filter (where visits.order_count > 0) as bigint) as ordered_count
    from metrics.visit_chain as chain
    left join metrics.visit_steps as visits on chain.step_number <= visits.furthest_step
    group by chain.step_number, chain.step, chain.step_label
),

steps as (
    select
        'visit:' || step as step,
        step_number as step_position,
        step_label || ' → ' || next_label || ' in a visit' as step_label,
        rate(ordered_count, next_count) as order_share
    from reached
    where step <> 'order'
    union all
    select
        kpis.kpi,
        100 + kpis.kpi_position,
        case kpis.kpi
            when 'conversion' then 'Visit → Order'
            when 'cart_abandonment' then 'Cart → Order'
            when 'checkout_abandonment' then 'Cart at checkout → Order'
            when 'lead_conversion' then 'Lead → Won'
            else funnels.funnel_name || ': ' || kpis.kpi_label
        end,
        case
            when kpis.funnel_id is not null then rate(ends.reached_count, steps.reached_count)
            when kpis.kpi <> 'lead_conversion' then 1
        end
    from settings.kpis as kpis
    left join settings.funnels as funnels on kpis.funnel_id = funnels.funnel_id
    left join metrics.funnel_steps as steps on kpis.funnel_id = steps.funnel_id and kpis.step_number = steps.step_number
    left join metrics.funnel_steps as ends on kpis.funnel_id = ends.funnel_id and funnels.step_count = ends.step_number
    where
        kpis.funnel_id is not null
        or kpis.kpi in ('conversion', 'cart_abandonment', 'checkout_abandonment', 'lead_conversion')
)

select
    steps.step,                 -- as in metrics.step_days
    steps.step_position,        -- 1, 2, …: those of a visit first
    steps.step_label,           -- as pages call it
    steps.order_share,          -- of those who go on, the share that orders, over all days; null: not known, or no order
    steps.order_share * order_value.average_order_value as lost_value,  -- of one that does not go on, in the shop's currency
from steps
cross join metrics.order_value as order_value
