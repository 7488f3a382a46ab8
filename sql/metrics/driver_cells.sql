-- One row per step of a funnel (or required stage of the map), factor and level: who came to the step before with it and
-- without it, how many dropped, and the sums by which they are held against each other at the same point of their path.
-- Compared are units within a stratum: on the same kind of device, new or returning alike, after as many touchpoints of their
-- visit (one by one up to ten, then in bands); of what is chosen or shown at the place, as many touchpoints there. Friction
-- has the strata of metrics.friction_trials. Without: any other level of the factor that is known; what is not known is
-- in neither. The twelve levels that most units have are rows, the rest of them are among those without.
-- Each unit with the factor has all units of its stratum without it for comparison, which weigh 1 together. Expected
-- and variance are those of Mantel and Haenszel (1959); of friction, which is met or not at one touchpoint after the other,
-- they are those of a log-rank test, in which a unit may stand for comparison several times.
-- key: funnel_id, step_number, factor, level
with risks as (
    select
        risks.funnel_id,
        risks.step_number,
        risks.is_dropped,
        risks.entry_session_id,
        risks.device,
        risks.channel,
        risks.country,
        risks.persona,
        risks.new_or_returning,
        risks.campaign,
        risks.product_id,
        risks.price,
        risks.coupon,
        risks.payment_method,
        risks.shipping_cost,
        coalesce(risks.payment_number, 0) as payment_number,
        coalesce(risks.shipping_number, 0) as shipping_number,
        coalesce(risks.device, '') as alike_device,
        coalesce(risks.new_or_returning, '') as alike_visitor,
        case
            when risks.path_length <= 10 then risks.path_length
            when risks.path_length <= 12 then 11
            when risks.path_length <= 15 then 13
            when risks.path_length <= 20 then 16
            when risks.path_length <= 30 then 21
            when risks.path_length <= 50 then 31
            else 51
        end as alike_length
    from metrics.drop_off_risks as risks
),

-- What is looked at; a factor does not keep apart what it is itself.
factors as (
    select
        funnel_id, step_number, 'device' as factor, device as level, '' as device, alike_visitor as visitor,
        alike_length as path_length, 0 as act_number, is_dropped
    from risks
    union all
    select funnel_id, step_number, 'new or returning', new_or_returning, alike_device, '', alike_length, 0, is_dropped
    from risks
    union all
    select funnel_id, step_number, 'channel', channel, alike_device, alike_visitor, alike_length, 0, is_dropped
    from risks
    union all
    select funnel_id, step_number, 'country', country, alike_device, alike_visitor, alike_length, 0, is_dropped
    from risks
    union all
    select funnel_id, step_number, 'persona', persona, alike_device, alike_visitor, alike_length, 0, is_dropped
    from risks
    union all
    select funnel_id, step_number, 'campaign', campaign, alike_device, alike_visitor, alike_length, 0, is_dropped
    from risks
    union all
    select funnel_id, step_number, 'product', product_id, alike_device, alike_visitor, alike_length, 0, is_dropped
    from risks
    union all
    select funnel_id, step_number, 'price', price, alike_device, alike_visitor, alike_length, 0, is_dropped
    from risks
    union all
    select funnel_id, step_number, 'coupon', coupon, alike_device, alike_visitor, alike_length, 0, is_dropped
    from risks
    union all
    select
        funnel_id, step_number, 'payment method', payment_method, alike_device, alike_visitor, alike_length,
        payment_number, is_dropped
    from risks
    union all
    select
        funnel_id, step_number, 'shipping cost', shipping_cost, alike_device, alike_visitor, alike_length, shipping_number,
        is_dropped
    from risks
    union all
    select
        risks.funnel_id, risks.step_number, segments.dimension, segments.value, risks.alike_device,
        risks.alike_visitor, risks.alike_length, 0, risks.is_dropped
    from risks
    inner join journeys.session_segments as segments on risks.entry_session_id = segments.session_id
    where
        segments.dimension not in (
            'device', 'new or returning', 'channel', 'country', 'persona', 'campaign', 'product', 'price', 'coupon',
            'payment method', 'shipping cost', 'friction'
        )
),

counted as (
    select
        funnel_id, step_number, factor, level, device, visitor, path_length, act_number, '' as last_touchpoint,
        count(*) as with_count,
        count(*) filter (where is_dropped) as with_dropped
    from factors
    where level is not null
    group by funnel_id, step_number, factor, level, device, visitor, path_length, act_number
),

of_factors as (
    select
        *,
        cast(sum(with_count) over in_stratum as bigint) as stratum_count,
        cast(sum(with_dropped) over in_stratum as bigint) as stratum_dropped
    from counted
    window
        in_stratum as (
            partition by funnel_id, step_number, factor, device, visitor, path_length, act_number
        )
),

of_friction as (
    select
        funnel_id, step_number, signal, device, new_or_returning, act_number, last_touchpoint,
        count(*) filter (where is_met) as with_count,
        count(*) filter (where is_met and is_dropped) as with_dropped,
        count(*) as stratum_count,
        count(*) filter (where is_dropped) as stratum_dropped
    from metrics.friction_trials
    group by funnel_id, step_number, signal, device, new_or_returning, act_number, last_touchpoint
),

-- Of friction a unit may be in several strata: it is worth what all its weights are worth.
friction_units as (
    select
        trials.funnel_id, trials.step_number, trials.signal, trials.unit_id,
        bool_or(trials.is_dropped) as is_dropped,
        cast(sum(cast(
            rate(cast(strata.with_count as double), strata.stratum_count - strata.with_count) as decimal(28, 12)
        )) as double) as weight
    from metrics.friction_trials as trials
    inner join of_friction as strata
        on
            trials.funnel_id = strata.funnel_id
            and trials.step_number = strata.step_number
            and trials.signal = strata.signal
            and trials.device = strata.device
            and trials.new_or_returning = strata.new_or_returning
            and trials.act_number = strata.act_number
            and trials.last_touchpoint = strata.last_touchpoint
    where not trials.is_met
    group by trials.funnel_id, trials.step_number, trials.signal, trials.unit_id
),

friction_weights as (
    select
        funnel_id, step_number, signal, count(*) as without_count,
        count(*) filter (where is_dropped) as without_dropped,
        cast(sum(cast(weight * weight as decimal(28, 12))) as double) as squared_weight
    from friction_units
    group by funnel_id, step_number, signal
),

strata as (
    select
        funnel_id, step_number, factor, level, with_count, with_dropped, stratum_count, stratum_dropped
    from of_factors
    union all
    select funnel_id, step_number, 'friction', signal, with_count, with_dropped, stratum_count, stratum_dropped
    from of_friction
),

sums as (
    select
        funnel_id,
        step_number,
        factor,
        level,
        cast(sum(with_count) as bigint) as with_count,
        cast(sum(with_dropped) as bigint) as with_dropped,
        cast(sum(case when with_count < stratum_count then with_count else 0 end) as bigint) as compared_count,
        cast(sum(case when with_count < stratum_count then with_dropped else 0 end) as bigint) as compared_dropped,
        cast(sum(cast(
            rate(with_count * cast(stratum_dropped - with_dropped as double), stratum_count - with_count) as decimal(28, 12)
        )) as double) as comparable_dropped,
        bool_and(stratum_dropped = with_dropped or with_count = stratum_count) as is_nobody_dropped,
        bool_and(stratum_dropped - with_dropped = stratum_count - with_count) as is_everybody_dropped,
        cast(sum(cast(
            rate(with_count * cast(with_count as double), stratum_count - with_count) as decimal(28, 12)
        )) as double) as squared_weight,
        cast(sum(cast(
            rate(with_count * cast(stratum_dropped as double), stratum_count) as decimal(28, 12)
        )) filter (where with_count < stratum_count) as double) as expected_dropped,
        cast(sum(
            case when with_count < stratum_count then greatest(0, with_count + stratum_dropped - stratum_count) else 0 end
        ) as double) as least_dropped,
        cast(sum(
            case when with_count < stratum_count then least(with_count, stratum_dropped) else 0 end
        ) as double) as most_dropped,
        cast(sum(cast(
            rate(
                cast(with_count as double) * (stratum_count - with_count) * stratum_dropped
                * (stratum_count - stratum_dropped),
                cast(stratum_count as double) * stratum_count * (stratum_count - 1)
            ) as decimal(28, 12)
        )) filter (where with_count < stratum_count) as double) as variance
    from strata
    group by funnel_id, step_number, factor, level
),

wholes as (
    select
        funnel_id, step_number, factor, cast(sum(with_count) as bigint) as known_count,
        cast(sum(with_dropped) as bigint) as known_dropped
    from counted
    group by funnel_id, step_number, factor
),

ranked as (
    select
        sums.*,
        coalesce(wholes.known_count - sums.with_count, friction.without_count, 0) as without_count,
        coalesce(wholes.known_dropped - sums.with_dropped, friction.without_dropped, 0) as without_dropped,
        coalesce(friction.squared_weight, sums.squared_weight) as all_squared_weight,
        row_number() over (
            partition by sums.funnel_id, sums.step_number, sums.factor order by sums.with_count desc, sums.level
        ) as place
    from sums
    left join wholes
        on
            sums.funnel_id = wholes.funnel_id
            and sums.step_number = wholes.step_number
            and sums.factor = wholes.factor
    left join friction_weights as friction
        on
            sums.funnel_id = friction.funnel_id
            and sums.step_number = friction.step_number
            and sums.factor = 'friction'
            and sums.level = friction.signal
)

select
    funnel_id,                  -- of settings.funnels, or map:stages
    step_number,                -- of metrics.drop_off_steps: the step that may be reached
    factor,                     -- friction, or what metrics.drop_off_risks knows of a unit: device, channel, product, price, …
    level,                      -- of the factor: the signal, or the value
    with_count,                 -- units with it that came to the step before
    with_dropped,               -- of these, dropped
    without_count,              -- units without it, that could have had it
    without_dropped,            -- of these, dropped
    compared_count,             -- of with_count, those with units to be held against
    compared_dropped,           -- of these, dropped
    case
        when compared_count = 0 then null
        when is_nobody_dropped then 0
        when is_everybody_dropped then 1
        else least(1, rate(comparable_dropped, compared_count))
    end as comparable_rate,     -- of the units that each is held against, the share that dropped, on average
    rate(cast(compared_count as double) * compared_count, all_squared_weight)
        as comparable_worth,    -- how many units these are worth, as unequally as they weigh
    expected_dropped,           -- of compared_count, those that would have dropped if it made no difference
    variance,                   -- of the number that would have dropped
    least(expected_dropped - least_dropped, most_dropped - expected_dropped)
        as least_expected       -- below 5 the normal distribution does not hold (Mantel and Fleiss 1980)
from ranked
where place <= 12 and not (factor = 'campaign' and level = 'no campaign') and not (factor = 'coupon' and level = 'none')
