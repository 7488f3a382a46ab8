-- One row per figure and week (from Monday) of shop days: numerator and denominator of the attempts that began in it.
-- key: kpi, week_on
select
    kpi,                        -- of settings.kpis
    cast(date_trunc('week', happened_on) as date) as week_on,  -- the week's Monday, a shop day
    cast(sum(cast(numerator as decimal(36, 2))) as double) as numerator,  -- attempts that converted, or the net revenue of net_order_value
    cast(sum(denominator) as bigint) as denominator,  -- matured attempts
    cast(sum(open_count) as bigint) as open_count,  -- attempts whose window has not ended
    cast(sum(uncovered_count) as bigint) as uncovered_count,  -- attempts that began before what would show their outcome is known
    rate(sum(cast(numerator as decimal(36, 2))), sum(denominator)) as value,  -- the week's figure; null: nothing matured
from metrics.kpi_daily
group by kpi, cast(date_trunc('week', happened_on) as date)
