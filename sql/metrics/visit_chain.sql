-- One row per step of a visit to the site, in order: the visit itself, the required stages of the map behind the first
-- one that lie before any stage of orders, and the order.
-- key: step_number
with bounds as (
    select
        min(stages.stage_position) as first_position,
        min(
            case when rules.action = 'purchase' or rules.source = 'orders' then stages.stage_position end
        ) as order_position
    from settings.stages as stages
    left join settings.touchpoint_rules as rules on stages.stage = rules.stage
    where stages.is_required
),

steps as (
    select 'visit' as step, 'Visit' as step_label, -1 as place, cast(null as bigint) as stage_position
    union all
    select measured.stage, stages.stage_label, measured.stage_position, measured.stage_position
    from metrics.measured_stages as measured
    inner join settings.stages as stages on measured.stage = stages.stage
    cross join bounds
    where
        measured.is_required
        and measured.stage_position > bounds.first_position
        and measured.stage_position < coalesce(bounds.order_position, measured.stage_position + 1)
    union all
    select 'order', 'Order', (select max(stage_position) + 1 from settings.stages), null
)

select
    cast(row_number() over (order by place) as bigint) as step_number,  -- 1: the visit
    step,                       -- visit, a stage, or order
    step_label,                 -- as pages call it
    stage_position,             -- of the stage on the map; null: visit or order
from steps
