-- One row per required stage of the map that the exports can show, within each group of what was asked for: `attempts` are
-- rows of metrics.drop_off_attempts of the map, with `group_key`. Columns as in metrics.stage_drop_off.
with required_stages as (
    select
        stages.stage,
        stages.stage_label,
        measured.stage_position,
        row_number() over (order by measured.stage_position) as step_number,
        measured.stage_position = max(measured.stage_position) over () as is_last
    from metrics.measured_stages as measured
    inner join settings.stages as stages on measured.stage = stages.stage
    where measured.is_required
),

counted as (
    select group_key, furthest_step, state, count(*) as unit_count
    from attempts
    group by group_key, furthest_step, state
),

-- A stage that nobody of a group reached stands there with nothing.
reaches as (
    select
        counted.group_key, stages.*, counted.state,
        counted.furthest_step = stages.step_number as is_furthest,
        case when counted.furthest_step >= stages.step_number then counted.unit_count else 0 end as unit_count
    from counted
    cross join required_stages as stages
),

cells as (
    select
        group_key, stage, stage_label, stage_position, is_last,
        cast(sum(case when state = 'matured' then unit_count else 0 end) as bigint) as matured_count,
        cast(sum(case when state = 'matured' and is_furthest then unit_count else 0 end) as bigint) as furthest_count,
        cast(sum(case when state = 'open' then unit_count else 0 end) as bigint) as open_count,
        cast(sum(case when state = 'uncovered' then unit_count else 0 end) as bigint) as uncovered_count
    from reaches
    group by group_key, stage, stage_label, stage_position, is_last
)

select
    cells.group_key,
    cells.stage,
    cells.stage_label,
    cells.stage_position,
    cells.matured_count + cells.open_count as reached_count,
    cells.matured_count,
    case when not cells.is_last then cells.furthest_count end as dropped_count,
    cells.open_count,
    cells.uncovered_count,
    case when not cells.is_last then rate(cells.furthest_count, cells.matured_count) end as drop_off_rate,
    case when not cells.is_last then wilson_low(cells.furthest_count, cells.matured_count) end as drop_off_low,
    case when not cells.is_last then wilson_high(cells.furthest_count, cells.matured_count) end as drop_off_high,
    is_small_cell(cells.matured_count, shop.small_cell) as is_small
from cells
cross join settings.shop as shop
