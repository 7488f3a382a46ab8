-- One row per step, segment and shop day: how many entered the step that day and went on. Incidents are looked for in these.
-- Steps are those of a visit (metrics.visit_chain), the figures of metrics.kpi_attempts that are a share of units that
-- may go on, and of each funnel its steps. Matured attempts only, and no day without tracking: such a day has no row.
-- Segments are those of the session in which the attempt began, but for those grouped as other; dimension and value are
-- `all` for everybody.
-- key: step, dimension, value, happened_on
with passages as (
    select
        'visit:' || chain.step as step, visits.session_id, visits.happened_on,
        case when visits.furthest_step > chain.step_number then 1 else 0 end as went_on
    from metrics.visit_chain as chain
    inner join metrics.visit_steps as visits on chain.step_number <= visits.furthest_step
    where chain.step <> 'order'
    union all
    select
        attempts.kpi, attempts.session_id, attempts.happened_on,
        case when attempts.is_converted = kpis.is_higher_better then 1 else 0 end
    from metrics.kpi_attempts as attempts
    inner join settings.kpis as kpis on attempts.kpi = kpis.kpi
    where
        attempts.is_matured
        and (
            kpis.funnel_id is not null
            or attempts.kpi in ('conversion', 'cart_abandonment', 'checkout_abandonment', 'lead_conversion')
        )
),

segments as (
    select owned.session_id, owned.dimension, owned.value
    from journeys.session_segments as owned
    inner join metrics.segment_values as shown on owned.dimension = shown.dimension and owned.value = shown.value
    where shown.shown_value = shown.value
),

cells as (
    select step, 'all' as dimension, 'all' as value, happened_on, went_on
    from passages
    union all
    select passages.step, segments.dimension, segments.value, passages.happened_on, passages.went_on
    from passages
    inner join segments on passages.session_id = segments.session_id
)

select
    step,                       -- visit:<step of metrics.visit_chain>, or the figure's id
    dimension,                  -- of journeys.session_segments; all: everybody
    value,                      -- of the dimension; all: everybody
    happened_on,                -- shop day on which the attempts began
    cast(count(*) as bigint) as entered_count,  -- matured attempts
    cast(sum(went_on) as bigint) as went_on_count,  -- of these, those that went on: of carts, those that were ordered
from cells
group by step, dimension, value, happened_on
