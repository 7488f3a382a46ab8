-- One row per step of a funnel (or required stage of the map), factor and level: whether units with it drop there more
-- often than units at the same point of their path without it. Not what it causes: what goes with dropping.
-- Lift: the drop-off rate of those with it, of that of their comparable units (metrics.driver_cells); interval by the
-- two Wilson intervals on the scale of logarithms (Zou and Donner 2008). Difference: Newcombe 1998 (method 10). p: Mantel and
-- Haenszel's test with continuity correction. q: of all levels that q and below tells, the share that is told by chance is at
-- most q (Benjamini and Hochberg 1995), over all levels of all places of the shop that are compared.
-- key: funnel_id, step_number, factor, level
with rates as (
    select
        cells.funnel_id, cells.step_number, cells.factor, cells.level, cells.with_count, cells.with_dropped,
        cells.without_count, cells.without_dropped, cells.compared_count, cells.compared_dropped, cells.comparable_rate,
        cells.expected_dropped, cells.variance,
        rate(cells.compared_dropped, cells.compared_count) as compared_rate,
        wilson_low(cells.compared_dropped, cells.compared_count) as compared_low,
        wilson_high(cells.compared_dropped, cells.compared_count) as compared_high,
        wilson_low(cells.comparable_rate * cells.comparable_worth, cells.comparable_worth) as comparable_low,
        wilson_high(cells.comparable_rate * cells.comparable_worth, cells.comparable_worth) as comparable_high,
        is_small_cell(cells.compared_count, shop.small_cell)
        or is_small_cell(cells.comparable_worth, shop.small_cell) as is_small,
        case
            when cells.without_count = 0 then 'everybody has it'
            when cells.compared_count = 0 then 'nobody to compare'
            when
                is_small_cell(cells.compared_count, shop.small_cell)
                or is_small_cell(cells.comparable_worth, shop.small_cell)
                or cells.least_expected < 5
                then 'too few'
        end as left_out
    from metrics.driver_cells as cells
    cross join settings.shop as shop
),

tested as (
    select
        *,
        compared_rate - comparable_rate as difference,
        compared_rate - comparable_rate - sqrt(
            (compared_rate - compared_low) * (compared_rate - compared_low)
            + (comparable_high - comparable_rate) * (comparable_high - comparable_rate)
        ) as difference_low,
        compared_rate - comparable_rate + sqrt(
            (compared_high - compared_rate) * (compared_high - compared_rate)
            + (comparable_rate - comparable_low) * (comparable_rate - comparable_low)
        ) as difference_high,
        case
            when left_out is null
                then
                    two_sided_p(
                        greatest(0, abs(compared_dropped - expected_dropped) - 0.5) / nullif(sqrt(variance), 0)
                    )
        end as p
    from rates
),

ordered as (
    select
        *,
        case
            when p is not null
                then
                    rate(
                        p * count(p) over (),
                        row_number() over (order by p nulls last, funnel_id, step_number, factor, level)
                    )
        end as step_q
    from tested
),

told as (
    select
        *,
        least(1, min(step_q) over (
            order by p nulls last, funnel_id, step_number, factor, level
            rows between current row and unbounded following
        )) as least_q
    from ordered
),

last_steps as (
    select funnel_id, max(step_number) as last_number
    from metrics.drop_off_steps
    group by funnel_id
),

reached as (
    select
        risks.funnel_id,
        risks.step_number,
        count(*) filter (where not risks.is_dropped) as next_count
    from metrics.drop_off_risks as risks
    group by risks.funnel_id, risks.step_number
),

passes as (
    select reached.funnel_id, reached.step_number, reached.next_count, ends.next_count as last_count
    from reached
    inner join last_steps on reached.funnel_id = last_steps.funnel_id
    left join reached as ends on last_steps.funnel_id = ends.funnel_id and last_steps.last_number = ends.step_number
)

select
    told.funnel_id,             -- of settings.funnels, or map:stages
    told.step_number,           -- of metrics.drop_off_steps: the step that may be reached
    steps.step_label,           -- as pages call it
    told.factor,                -- friction, or what is known of a unit: device, channel, product, price, shipping cost, …
    told.level,                 -- of the factor: the signal, or the value
    told.with_count,            -- units with it that came to the step before
    told.with_dropped,          -- of these, dropped
    rate(told.with_dropped, told.with_count) as with_rate,  -- dropped / units with it
    told.without_count,         -- units without it, that could have had it
    told.without_dropped,       -- of these, dropped
    rate(told.without_dropped, told.without_count) as without_rate,  -- dropped / units without it
    told.compared_count,        -- of with_count, those with units at the same point of their path
    told.compared_rate,         -- of these, dropped
    told.comparable_rate,       -- dropped, of the units at the same point of each, on average
    rate(told.compared_rate, told.comparable_rate) as lift,  -- compared_rate / comparable_rate; null: none of these dropped
    case
        when told.compared_rate > 0
            then
                rate(told.compared_rate, told.comparable_rate) * exp(-sqrt(
                    power(ln(rate(told.compared_rate, told.compared_low)), 2)
                    + power(ln(rate(told.comparable_high, nullif(told.comparable_rate, 0))), 2)
                ))
    end as lift_low,            -- 95 %; null: of one side nobody dropped
    case
        when told.compared_rate > 0
            then
                rate(told.compared_rate, told.comparable_rate) * exp(sqrt(
                    power(ln(rate(told.compared_high, told.compared_rate)), 2)
                    + power(ln(rate(nullif(told.comparable_rate, 0), told.comparable_low)), 2)
                ))
    end as lift_high,           -- 95 %
    told.difference,            -- compared_rate − comparable_rate
    told.difference_low,        -- Newcombe 95 %
    told.difference_high,       -- Newcombe 95 %
    told.difference * told.compared_count as extra_dropped,  -- how many more of compared_count dropped than of comparable units
    case
        when told.difference is not null
            then
                revenue_at_stake(
                    greatest(0, told.difference) * told.compared_count, passes.next_count, passes.last_count,
                    order_value.average_order_value
                )
    end as extra_revenue,         -- what these would be worth if they went on like those who reach the step; in the shop's currency
    told.p,                     -- of the difference, if there were none; null: left out
    case when told.p is not null then told.least_q end as q,  -- false discovery rate at which it is told; null: left out
    coalesce(told.p is not null and told.least_q < 0.04, false) as is_told,  -- q below 4 %
    told.left_out,              -- why it is not tested: everybody has it, nobody to compare, too few; null: it is
    told.is_small               -- too few to rank
from told
inner join metrics.drop_off_steps as steps
    on told.funnel_id = steps.funnel_id and told.step_number = steps.step_number
inner join passes on told.funnel_id = passes.funnel_id and told.step_number = passes.step_number
cross join metrics.order_value as order_value
