-- One row per required stage of the map that can be gone on from, dimension and value: its drop-off among the journeys of
-- a segment (metrics.funnel_by_segment), or that began in a month. The values of a dimension add up to
-- metrics.stage_drop_off; months are those of metrics.matured_months alone.
-- Left out where pages are shared: a small cell that somebody is in, and where it is the only one of its stage and
-- dimension the next larger one too, as what the others leave of the whole would tell it.
-- key: dimension, value, stage
with cells as (
    select
        dimension, value, step_number - 1 as required_number, reached_count + dropped_count as matured_count,
        dropped_count
    from metrics.funnel_by_segment
    where funnel_id = 'map:stages' and step_number > 1
    union all
    select
        'month', cast(months.month_on as text), steps.step_number - 1,
        cast(count(*) filter (where attempts.furthest_step >= steps.step_number - 1) as bigint),
        cast(count(*) filter (where attempts.furthest_step = steps.step_number - 1) as bigint)
    from metrics.matured_months as months
    inner join metrics.drop_off_attempts as attempts
        on
            months.funnel_id = attempts.funnel_id
            and months.month_on = cast(date_trunc('month', attempts.entered_on) as date)
    inner join metrics.drop_off_steps as steps on months.funnel_id = steps.funnel_id
    where months.funnel_id = 'map:stages' and attempts.state = 'matured' and steps.step_number > 1
    group by months.month_on, steps.step_number
),

judged as (
    select
        cells.*,
        is_small_cell(cells.matured_count, shop.small_cell) as is_small,
        cells.matured_count > 0 and is_small_cell(cells.matured_count, shop.small_cell) as is_told_of_few
    from cells
    cross join settings.shop as shop
),

hidden as (
    select
        *,
        count(*) filter (where is_told_of_few) over (partition by dimension, required_number) as few_count,
        row_number() over (
            partition by dimension, required_number, is_told_of_few, matured_count > 0 order by matured_count, value
        ) as place
    from judged
)

select
    hidden.dimension,           -- of metrics.funnel_by_segment, or month
    hidden.value,               -- of the dimension; of month its first day, as 2026-08-01
    stages.stage,               -- of settings.stages
    stages.stage_position,      -- on the map
    hidden.matured_count,       -- journeys that reached the stage and are over
    hidden.dropped_count,       -- of these, those that got no further
    rate(hidden.dropped_count, hidden.matured_count) as drop_off_rate,  -- dropped / matured
    wilson_low(hidden.dropped_count, hidden.matured_count) as drop_off_low,  -- Wilson 95 %
    wilson_high(hidden.dropped_count, hidden.matured_count) as drop_off_high,  -- Wilson 95 %
    hidden.is_small,            -- too few to rank the rate
    hidden.is_told_of_few
    or (hidden.few_count = 1 and hidden.matured_count > 0 and hidden.place = 1) as is_left_out  -- on a page that is shared
from hidden
inner join metrics.measured_stages as stages on hidden.required_number = stages.required_number
