-- One row per figure and shop day: numerator and denominator of the attempts that began that day, and those in no rate.
-- key: kpi, happened_on
select
    kpi,                        -- of settings.kpis
    happened_on,                -- shop day
    cast(sum(numerator) as double) as numerator,  -- attempts that converted, or the net revenue of net_order_value
    cast(sum(denominator) as bigint) as denominator,  -- matured attempts
    cast(count(*) filter (where outcome = 'open') as bigint) as open_count,  -- attempts whose window has not ended
    cast(count(*) filter (where outcome = 'uncovered') as bigint) as uncovered_count,  -- attempts that began before what would show their outcome is known
    rate(sum(numerator), sum(denominator)) as value,  -- the day's figure; null: nothing matured
from metrics.kpi_attempts
group by kpi, happened_on
