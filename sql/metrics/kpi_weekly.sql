-- One row per figure and week (from Monday) of shop days: numerator and denominator of the attempts that began in it. A unit
-- that entered a funnel on several days of the week counts once, with its best attempt.
-- key: kpi, week_on
with best as (
    select kpi, cast(date_trunc('week', happened_on) as date) as week_on, numerator, denominator, outcome
    from metrics.kpi_attempts
    qualify row_number() over (
        partition by kpi, unit_id, date_trunc('week', happened_on)
        order by denominator desc, numerator desc, happened_at desc, attempt_id
    ) = 1
)

select
    kpi,                        -- of settings.kpis
    week_on,                    -- the week's Monday, a shop day
    cast(sum(numerator) as double) as numerator,  -- attempts that converted, or the net revenue of net_order_value
    cast(sum(denominator) as bigint) as denominator,  -- matured attempts
    cast(count(*) filter (where outcome = 'open') as bigint) as open_count,  -- attempts whose window has not ended
    cast(count(*) filter (where outcome = 'uncovered') as bigint) as uncovered_count,  -- attempts that began before what would show their outcome is known
    rate(sum(numerator), sum(denominator)) as value,  -- the week's figure; null: nothing matured
from best
group by kpi, week_on
