-- One row per passage (from a step to the next one; of three steps or more also from the first to the last), over all and
-- within each group: what `a` and `b` have of it, and why they differ.
-- `attempts`: one best attempt per side and unit, with its group, furthest step and state; `steps`; `asked`: whether there
-- are groups. The difference of two rates is exactly, summed over the groups (Kitagawa 1955):
--   mix: Δ share × (the group's mean rate − the whole's), with the share that a group has of those who come to the step
--   rate: mean share × Δ rate
-- A group that is on one side only has the rate of that side on both: all of its part is mix.
-- source: Newcombe, Statistics in Medicine 17 (1998), method 10, for the interval of a difference
with passages as (
    select
        since.step_number as from_step, reached.step_number as to_step, since.step_label as from_label,
        reached.step_label as to_label
    from steps as since
    inner join steps as reached
        on
            since.step_number + 1 = reached.step_number
            or (
                since.step_number = 1 and reached.step_number > 2
                and reached.step_number = (select max(step_number) from steps)
            )
),

counted as (
    select side, group_key, furthest_step, state, count(*) as unit_count
    from attempts
    group by side, group_key, furthest_step, state
),

-- Who came to the passage's first step, and whether to its second.
moves as (
    select
        passages.*, counted.side, counted.group_key, counted.state,
        counted.furthest_step >= passages.to_step as is_through,
        case when counted.furthest_step >= passages.from_step then counted.unit_count else 0 end as unit_count
    from passages
    cross join counted
),

sums as (
    select
        from_step, to_step, from_label, to_label, group_key, grouping(group_key) = 1 as is_whole,
        cast(coalesce(sum(unit_count) filter (where side = 'a' and state = 'matured'), 0) as bigint) as a_entered,
        cast(coalesce(sum(unit_count) filter (where side = 'b' and state = 'matured'), 0) as bigint) as b_entered,
        cast(coalesce(sum(unit_count) filter (where side = 'a' and state = 'matured' and is_through), 0) as bigint)
            as a_converted,
        cast(coalesce(sum(unit_count) filter (where side = 'b' and state = 'matured' and is_through), 0) as bigint)
            as b_converted,
        cast(coalesce(sum(unit_count) filter (where side = 'a' and state = 'open'), 0) as bigint) as a_open,
        cast(coalesce(sum(unit_count) filter (where side = 'b' and state = 'open'), 0) as bigint) as b_open,
        cast(coalesce(sum(unit_count) filter (where side = 'a' and state = 'uncovered'), 0) as bigint) as a_uncovered,
        cast(coalesce(sum(unit_count) filter (where side = 'b' and state = 'uncovered'), 0) as bigint) as b_uncovered
    from moves
    group by grouping sets (
        (from_step, to_step, from_label, to_label), (from_step, to_step, from_label, to_label, group_key)
    )
),

rates as (
    select
        sums.*,
        rate(a_converted, a_entered) as a_rate,
        wilson_low(a_converted, a_entered) as a_low,
        wilson_high(a_converted, a_entered) as a_high,
        rate(b_converted, b_entered) as b_rate,
        wilson_low(b_converted, b_entered) as b_low,
        wilson_high(b_converted, b_entered) as b_high
    from sums
    cross join asked
    where sums.is_whole or asked.is_grouped
),

parts as (
    select
        rates.from_step, rates.to_step, rates.group_key,
        (rate(rates.b_entered, wholes.b_entered) - rate(rates.a_entered, wholes.a_entered))
        * (
            (coalesce(rates.a_rate, rates.b_rate) + coalesce(rates.b_rate, rates.a_rate)) / 2
            - (wholes.a_rate + wholes.b_rate) / 2
        ) as mix_part,
        (rate(rates.b_entered, wholes.b_entered) + rate(rates.a_entered, wholes.a_entered)) / 2
        * (coalesce(rates.b_rate, rates.a_rate) - coalesce(rates.a_rate, rates.b_rate)) as rate_part
    from rates
    inner join rates as wholes
        on wholes.is_whole and rates.from_step = wholes.from_step and rates.to_step = wholes.to_step
    where not rates.is_whole
),

-- A group that nobody of came to the step has no part: it has no rate either.
all_parts as (
    select
        from_step, to_step, group_key, false as is_whole, coalesce(mix_part, 0) as mix_part,
        coalesce(rate_part, 0) as rate_part
    from parts
    union all
    select from_step, to_step, null, true, sum(mix_part), sum(rate_part)
    from parts
    group by from_step, to_step
)

select
    rates.group_key,
    rates.from_step,
    rates.to_step,
    rates.from_label,
    rates.to_label,
    rates.is_whole,
    rates.a_entered as a_entered_count,
    rates.a_converted as a_converted_count,
    rates.a_entered - rates.a_converted as a_dropped_count,
    rates.a_open as a_open_count,
    rates.a_uncovered as a_uncovered_count,
    rates.b_entered as b_entered_count,
    rates.b_converted as b_converted_count,
    rates.b_entered - rates.b_converted as b_dropped_count,
    rates.b_open as b_open_count,
    rates.b_uncovered as b_uncovered_count,
    rates.a_rate,
    rates.a_low,
    rates.a_high,
    rates.b_rate,
    rates.b_low,
    rates.b_high,
    rates.b_rate - rates.a_rate as difference,
    rates.b_rate - rates.a_rate - sqrt(
        (rates.b_rate - rates.b_low) * (rates.b_rate - rates.b_low)
        + (rates.a_high - rates.a_rate) * (rates.a_high - rates.a_rate)
    ) as difference_low,
    rates.b_rate - rates.a_rate + sqrt(
        (rates.b_high - rates.b_rate) * (rates.b_high - rates.b_rate)
        + (rates.a_rate - rates.a_low) * (rates.a_rate - rates.a_low)
    ) as difference_high,
    all_parts.mix_part,
    all_parts.rate_part,
    is_small_cell(least(rates.a_entered, rates.b_entered), shop.small_cell) as is_small
from rates
cross join settings.shop as shop
left join all_parts
    on
        rates.from_step = all_parts.from_step
        and rates.to_step = all_parts.to_step
        and rates.is_whole = all_parts.is_whole
        and rates.group_key is not distinct from all_parts.group_key
