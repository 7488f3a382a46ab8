-- One row per figure and week (from Monday) of shop days: numerator and denominator of the attempts that began in it. A unit
-- that entered a funnel on several days of the week counts once, with its best attempt.
-- key: kpi, week_on
with best as (
    select attempts.kpi, attempts.happened_on, attempts.numerator, attempts.denominator, attempts.outcome
    from metrics.kpi_attempts as attempts
    inner join settings.kpis as kpis on attempts.kpi = kpis.kpi and kpis.funnel_id is not null
    qualify row_number() over (
        partition by attempts.kpi, attempts.unit_id, date_trunc('week', attempts.happened_on)
        order by
            attempts.denominator desc, attempts.numerator desc, case when attempts.outcome = 'uncovered' then 1 else 0 end,
            attempts.happened_at desc, attempts.attempt_id
    ) = 1
),

counted as (
    select
        kpi, happened_on, cast(numerator as decimal(36, 2)) as numerator, denominator,
        case when outcome = 'open' then 1 else 0 end as open_count,
        case when outcome = 'uncovered' then 1 else 0 end as uncovered_count
    from best
    union all
    select
        daily.kpi, daily.happened_on, cast(daily.numerator as decimal(36, 2)), daily.denominator, daily.open_count,
        daily.uncovered_count
    from metrics.kpi_daily as daily
    inner join settings.kpis as kpis on daily.kpi = kpis.kpi and kpis.funnel_id is null
)

select
    kpi,                        -- of settings.kpis
    cast(date_trunc('week', happened_on) as date) as week_on,  -- the week's Monday, a shop day
    cast(sum(numerator) as double) as numerator,  -- attempts that converted, or the net revenue of net_order_value
    cast(sum(denominator) as bigint) as denominator,  -- matured attempts
    cast(sum(open_count) as bigint) as open_count,  -- attempts whose window has not ended
    cast(sum(uncovered_count) as bigint) as uncovered_count,  -- attempts that began before what would show their outcome is known
    rate(sum(numerator), sum(denominator)) as value,  -- the week's figure; null: nothing matured
from counted
group by kpi, cast(date_trunc('week', happened_on) as date)
