-- One row per required stage of the map that can be gone on from, dimension and value: its drop-off among the journeys of
-- a segment (metrics.funnel_by_segment), or that began in a month. The values of a dimension add up to
-- metrics.stage_drop_off; months are those of metrics.matured_months alone.
-- Left out where pages are shared: what a small cell did, and where those left out of a stage and dimension are together
-- fewer than a small cell, the next larger one too: what the others leave of the whole would tell it. How many came to a
-- stage follows from the stage before. Months that are not matured are in no row, so they count as left out.
-- key: dimension, value, stage
with cells as (
    select
        dimension, value, step_number - 1 as required_number, reached_count + dropped_count as matured_count,
        dropped_count, true as is_shown
    from metrics.funnel_by_segment
    where funnel_id = 'map:stages' and step_number > 1
    union all
    select
        'month', cast(cast(date_trunc('month', attempts.entered_on) as date) as text), steps.step_number - 1,
        cast(count(*) filter (where attempts.furthest_step >= steps.step_number - 1) as bigint),
        cast(count(*) filter (where attempts.furthest_step = steps.step_number - 1) as bigint),
        months.month_on is not null
    from metrics.drop_off_attempts as attempts
    inner join metrics.drop_off_steps as steps on attempts.funnel_id = steps.funnel_id
    left join metrics.matured_months as months
        on
            attempts.funnel_id = months.funnel_id
            and cast(date_trunc('month', attempts.entered_on) as date) = months.month_on
    where attempts.funnel_id = 'map:stages' and attempts.state = 'matured' and steps.step_number > 1
    group by date_trunc('month', attempts.entered_on), months.month_on, steps.step_number
),

judged as (
    select
        cells.*,
        shop.small_cell,
        is_small_cell(cells.matured_count, shop.small_cell) as is_small,
        cells.matured_count > 0
        and (not cells.is_shown or is_small_cell(cells.matured_count, shop.small_cell)) as is_hidden
    from cells
    cross join settings.shop as shop
),

hidden as (
    select
        *,
        cast(sum(case when is_hidden then matured_count else 0 end) over of_stage as bigint) as hidden_count,
        row_number() over (
            partition by dimension, required_number, is_hidden, matured_count > 0 order by matured_count, value
        ) as place
    from judged
    window of_stage as (partition by dimension, required_number)
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
    hidden.is_hidden
    or (
        hidden.matured_count > 0 and hidden.place = 1
        and hidden.hidden_count > 0 and is_small_cell(hidden.hidden_count, hidden.small_cell)
    ) as is_left_out            -- on a page that is shared
from hidden
inner join metrics.measured_stages as stages on hidden.required_number = stages.required_number
where hidden.is_shown
