-- One row per step of a funnel and cell, of the model's `counted`: how many units (`unit_count`) of a dimension's value ended
-- at a step in a state. Columns as in metrics.funnel_steps.
with cells as (
    select
        steps.funnel_id, steps.step_number, steps.step_label, counted.dimension, counted.value,
        cast(coalesce(sum(unit_count) filter (where state = 'matured'), 0) as bigint) as entered_count,
        cast(coalesce(sum(unit_count) filter (where state = 'matured' and furthest_step >= step_number), 0) as bigint)
            as reached_count,
        cast(coalesce(sum(unit_count) filter (where state = 'matured' and furthest_step >= step_number - 1), 0) as bigint)
            as previous_count,
        cast(coalesce(sum(unit_count) filter (where state = 'open' and furthest_step >= step_number), 0) as bigint)
            as open_count,
        cast(coalesce(sum(unit_count) filter (where state = 'uncovered' and furthest_step >= step_number), 0) as bigint)
            as uncovered_count
    from metrics.drop_off_steps as steps
    inner join counted on steps.funnel_id = counted.funnel_id
    group by steps.funnel_id, steps.step_number, steps.step_label, counted.dimension, counted.value
)

select
    cells.funnel_id, cells.step_number, cells.step_label, cells.dimension, cells.value, cells.entered_count,
    cells.reached_count, cells.previous_count - cells.reached_count as dropped_count, cells.open_count,
    cells.uncovered_count,
    rate(cells.reached_count, cells.entered_count) as conversion_rate,
    case when cells.step_number > 1 then rate(cells.reached_count, cells.previous_count) end as step_rate,
    case when cells.step_number > 1 then 1 - rate(cells.reached_count, cells.previous_count) end as drop_off_rate,
    case when cells.step_number > 1 then wilson_low(cells.reached_count, cells.previous_count) end as step_rate_low,
    case when cells.step_number > 1 then wilson_high(cells.reached_count, cells.previous_count) end as step_rate_high,
    is_small_cell(cells.previous_count, shop.small_cell) as is_small
from cells
cross join settings.shop as shop
