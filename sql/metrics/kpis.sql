-- One row per figure that is a share (steps of funnels aside: metrics.funnel_steps has them) and period: the whole span of the data, and its later and earlier halves.
-- The interval is Wilson's, 95 %. Halves are split at the middle of the figure's own matured days.
-- key: kpi, period
with span as (
    select
        attempts.kpi,
        min(attempts.happened_on) as first_on,
        max(attempts.happened_on) as last_on
    from metrics.kpi_attempts as attempts
    inner join settings.kpis as kpis on attempts.kpi = kpis.kpi
    where kpis.unit = 'share' and kpis.funnel_id is null and attempts.is_matured
    group by attempts.kpi
),

halved as (
    select
        attempts.kpi,
        attempts.numerator,
        attempts.denominator,
        attempts.outcome,
        attempts.happened_on,
        span.first_on,
        span.last_on,
        span.first_on + cast((date_diff('day', span.first_on, span.last_on) + 1) // 2 as integer) as second_half_on
    from metrics.kpi_attempts as attempts
    inner join span on attempts.kpi = span.kpi
),

periods as (
    select kpi, 'all' as period, first_on as from_on, last_on as until_on, numerator, denominator, outcome from halved
    union all
    select kpi, 'before', first_on, cast(second_half_on - 1 as date), numerator, denominator, outcome
    from halved
    where happened_on < second_half_on and denominator = 1
    union all
    select kpi, 'after', second_half_on, last_on, numerator, denominator, outcome
    from halved
    where happened_on >= second_half_on and denominator = 1
),

summed as (
    select
        kpi,
        period,
        from_on,
        until_on,
        cast(sum(numerator) as bigint) as numerator,
        cast(sum(denominator) as bigint) as denominator,
        cast(count(*) filter (where outcome = 'open') as bigint) as open_count,
        cast(count(*) filter (where outcome = 'uncovered') as bigint) as uncovered_count
    from periods
    group by kpi, period, from_on, until_on
)

select
    summed.kpi,                 -- of settings.kpis
    summed.period,              -- all, before (first half) or after (second half)
    summed.from_on,             -- first shop day
    summed.until_on,            -- last shop day with a matured attempt
    summed.numerator,           -- sessions with an order; abandoned carts; customers who came back; satisfied answers
    summed.denominator,         -- matured sessions, carts, customers; answers
    summed.open_count,          -- attempts whose window has not ended, in no rate
    summed.uncovered_count,     -- attempts that began before what would show their outcome is known, in no rate
    rate(summed.numerator, summed.denominator) as value,  -- the figure, 0–1
    wilson_low(summed.numerator, summed.denominator) as low,  -- Wilson 95 %
    wilson_high(summed.numerator, summed.denominator) as high,  -- Wilson 95 %
    targets.target,             -- to-be, of journey.yaml
from summed
left join settings.targets as targets on summed.kpi = targets.kpi
