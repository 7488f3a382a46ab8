-- One row per step of a funnel (or required stage of the map) and goal that it falls short of: what it would gain if it
-- went as well as that. Revenue at stake supposes that everybody passes; a gain supposes what was asked for, or seen.
-- Goals: the to-be rate of the stage (journey.yaml); the best segment of one dimension, and the best month, of which
-- enough units came to the step before. Best is whose lower Wilson bound is highest, and the goal is that bound, so that
-- what is best by chance is none: it has to lie above the rate of all others together. Those others alone gain, as
-- many as they would pass more at the goal's rate. Interval: Newcombe 1998 (method 10) for the difference between the best and the others;
-- for the to-be rate, which is no estimate, Wilson's for the rate as it is; never below nothing, or above all that were lost.
-- Segments are of metrics.drop_off_risks. Who is new or returning, and whose campaign, persona or country it is, is no goal.
-- key: funnel_id, step_number, goal
with dimensions as (
    select funnel_id, step_number, is_dropped, 'device' as dimension, device as value
    from metrics.drop_off_risks
    union all
    select funnel_id, step_number, is_dropped, 'channel', channel from metrics.drop_off_risks
    union all
    select risks.funnel_id, risks.step_number, risks.is_dropped, segments.dimension, segments.value
    from metrics.drop_off_risks as risks
    inner join journeys.session_segments as segments on risks.entry_session_id = segments.session_id
    inner join settings.attributes as declared
        on segments.dimension = declared.attribute and declared.scope = 'session'
),

-- A unit that came back counts in each month with its best attempt of that month: with its best of all, months would keep
-- of those that came back later only those that had gone on.
monthly as (
    select attempts.funnel_id, attempts.furthest_step, months.month_on
    from metrics.drop_off_attempts as attempts
    inner join metrics.matured_months as months
        on
            attempts.funnel_id = months.funnel_id
            and cast(date_trunc('month', attempts.entered_on) as date) = months.month_on
    where attempts.state = 'matured'
    qualify
        row_number() over (
            partition by attempts.funnel_id, attempts.unit_id, months.month_on
            order by attempts.furthest_step desc, attempts.entered_at desc
        ) = 1
),

counts as (
    select
        funnel_id, step_number, dimension, value, cast(count(*) as bigint) as best_count,
        cast(count(*) filter (where not is_dropped) as bigint) as best_passed
    from dimensions
    where value is not null
    group by funnel_id, step_number, dimension, value
    union all
    select
        monthly.funnel_id, steps.step_number, 'month', cast(monthly.month_on as text), cast(count(*) as bigint),
        cast(count(*) filter (where monthly.furthest_step >= steps.step_number) as bigint)
    from monthly
    inner join metrics.drop_off_steps as steps
        on monthly.funnel_id = steps.funnel_id and monthly.furthest_step + 1 >= steps.step_number
    where steps.step_number > 1
    group by monthly.funnel_id, steps.step_number, monthly.month_on
),

parts as (
    select
        *,
        cast(sum(best_count) over in_dimension - best_count as bigint) as other_count,
        cast(sum(best_passed) over in_dimension - best_passed as bigint) as other_passed
    from counts
    window in_dimension as (partition by funnel_id, step_number, dimension)
),

seen as (
    select
        parts.*,
        rate(parts.best_passed, parts.best_count) as best_rate,
        rate(parts.other_passed, parts.other_count) as other_rate,
        wilson_low(parts.best_passed, parts.best_count) as goal_rate,
        wilson_high(parts.best_passed, parts.best_count) as best_high,
        wilson_low(parts.other_passed, parts.other_count) as other_low,
        wilson_high(parts.other_passed, parts.other_count) as other_high
    from parts
    cross join settings.shop as shop
    where
        not is_small_cell(parts.best_count, shop.small_cell)
        and not is_small_cell(parts.other_count, shop.small_cell)
),

best as (
    select *
    from seen
    where goal_rate > other_rate
    qualify
        row_number() over (
            partition by funnel_id, step_number, case when dimension = 'month' then 'month' else 'segment' end
            order by goal_rate desc, dimension, value
        ) = 1
),

wholes as (
    select
        funnel_id, step_number, cast(count(*) as bigint) as came_count,
        cast(count(*) filter (where not is_dropped) as bigint) as passed_count
    from metrics.drop_off_risks
    group by funnel_id, step_number
),

to_be as (
    select 'map:stages' as funnel_id, measured.required_number + 1 as step_number, stages.to_be_rate
    from metrics.measured_stages as measured
    inner join settings.stages as stages on measured.stage = stages.stage
    where measured.is_required
),

-- Of months, units that are in several of them are shared out.
gaining as (
    select
        best.*,
        wholes.came_count - wholes.passed_count as lost_count,
        case
            when best.dimension = 'month'
                then rate(cast(wholes.came_count as double) * best.other_count, best.best_count + best.other_count)
            else best.other_count
        end as gaining_count
    from best
    inner join wholes on best.funnel_id = wholes.funnel_id and best.step_number = wholes.step_number
),

goals as (
    select
        funnel_id,
        step_number,
        case when dimension = 'month' then 'best month' else 'best segment' end as goal,
        dimension,
        value,
        best_count,
        goal_rate,
        best_rate,
        gaining_count,
        other_rate as as_is_rate,
        gaining_count * (goal_rate - other_rate) as gained_count,
        gaining_count * (
            best_rate - other_rate - sqrt(
                (best_rate - goal_rate) * (best_rate - goal_rate) + (other_high - other_rate) * (other_high - other_rate)
            )
        ) as gained_low,
        gaining_count * (
            best_rate - other_rate + sqrt(
                (best_high - best_rate) * (best_high - best_rate) + (other_rate - other_low) * (other_rate - other_low)
            )
        ) as gained_high,
        lost_count
    from gaining
    union all
    select
        wholes.funnel_id, wholes.step_number, 'to-be rate', null, null, null, to_be.to_be_rate, null,
        wholes.came_count, rate(wholes.passed_count, wholes.came_count),
        wholes.came_count * to_be.to_be_rate - wholes.passed_count,
        wholes.came_count * (to_be.to_be_rate - wilson_high(wholes.passed_count, wholes.came_count)),
        wholes.came_count * (to_be.to_be_rate - wilson_low(wholes.passed_count, wholes.came_count)),
        wholes.came_count - wholes.passed_count
    from wholes
    inner join to_be on wholes.funnel_id = to_be.funnel_id and wholes.step_number = to_be.step_number
    where to_be.to_be_rate * wholes.came_count > wholes.passed_count
),

last_steps as (
    select funnel_id, max(step_number) as last_number
    from metrics.drop_off_steps
    group by funnel_id
)

select
    goals.funnel_id,            -- of settings.funnels, or map:stages
    goals.step_number,          -- of metrics.drop_off_steps: the step that is to be reached more often
    steps.step_label,           -- as pages call it
    goals.goal,                 -- to-be rate, best segment or best month
    goals.dimension,            -- of the best: device, channel, an attribute of sessions, or month; null: the to-be rate
    goals.value,                -- of the dimension; of a month its first day
    goals.best_count,           -- units of the best that came to the step before
    goals.best_rate,            -- of these, reached the step
    goals.goal_rate,            -- what is to be attained: the to-be rate, or the lower Wilson bound of best_rate
    goals.gaining_count,        -- units that came to the step before and are not of the best; of months, as many as that is of all
    goals.as_is_rate,           -- of these, reached the step; of months, of those of all other months
    least(goals.lost_count, goals.gained_count) as gained_count,  -- how many more of them would, at goal_rate
    greatest(0, goals.gained_low) as gained_low,  -- 95 %
    least(goals.lost_count, goals.gained_high) as gained_high,  -- 95 %
    revenue_at_stake(
        least(goals.lost_count, goals.gained_count), wholes.passed_count, ends.passed_count,
        order_value.average_order_value
    ) as gain,                  -- of gained_count, if they went on like those who reach the step; in the shop's currency
    revenue_at_stake(
        greatest(0, goals.gained_low), wholes.passed_count, ends.passed_count, order_value.average_order_value
    ) as gain_low,              -- 95 %, the order value taken as known
    revenue_at_stake(
        least(goals.lost_count, goals.gained_high), wholes.passed_count, ends.passed_count,
        order_value.average_order_value
    ) as gain_high,             -- 95 %, the order value taken as known
    wholes.came_count - wholes.passed_count as dropped_count,  -- units lost at the step
    revenue_at_stake(
        wholes.came_count - wholes.passed_count, wholes.passed_count, ends.passed_count,
        order_value.average_order_value
    ) as revenue_at_stake,      -- of these, as if each passed: the ceiling
    is_small_cell(wholes.came_count, shop.small_cell) as is_small  -- too few to rank
from goals
inner join metrics.drop_off_steps as steps
    on goals.funnel_id = steps.funnel_id and goals.step_number = steps.step_number
inner join wholes on goals.funnel_id = wholes.funnel_id and goals.step_number = wholes.step_number
inner join last_steps on goals.funnel_id = last_steps.funnel_id
left join wholes as ends on last_steps.funnel_id = ends.funnel_id and last_steps.last_number = ends.step_number
cross join metrics.order_value as order_value
cross join settings.shop as shop
