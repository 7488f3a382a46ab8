-- One row per visit whose outcome is known (a matured attempt of the figure conversion: none on days without tracking): how
-- far it got, and what was ordered. A visit reaches a step of metrics.visit_chain if it touched that stage or a later
-- one of the chain, or was ordered in.
-- key: session_id
with visits as (
    select attempts.attempt_id as session_id, attempts.person_id, attempts.happened_on, sessions.order_count, sessions.net_revenue
    from metrics.kpi_attempts as attempts
    inner join journeys.sessions as sessions on attempts.attempt_id = sessions.session_id
    where attempts.kpi = 'conversion' and attempts.is_matured
),

touched as (
    select touchpoints.session_id, max(chain.step_number) as furthest_step
    from journeys.touchpoints as touchpoints
    inner join metrics.visit_chain as chain on touchpoints.stage_position = chain.stage_position
    where touchpoints.is_on_site
    group by touchpoints.session_id
)

select
    visits.session_id,          -- of journeys.sessions
    visits.person_id,           -- of journeys.people
    visits.happened_on,         -- shop day on which it began
    case
        when visits.order_count > 0 then ends.last_step
        else coalesce(touched.furthest_step, 1)
    end as furthest_step,       -- of metrics.visit_chain
    visits.order_count,         -- orders that belong to it
    visits.net_revenue,         -- of these, as far as it is known, in the shop's currency
from visits
cross join (select max(step_number) as last_step from metrics.visit_chain) as ends
left join touched on visits.session_id = touched.session_id
