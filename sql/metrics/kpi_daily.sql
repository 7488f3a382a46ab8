-- One row per figure and shop day: numerator and denominator of the attempts that began that day, and those still open.
-- key: kpi, happened_on
select
    kpi,                        -- of settings.kpis
    happened_on,                -- shop day
    cast(sum(numerator) as double) as numerator,  -- attempts that converted, or the net revenue of net_order_value
    cast(sum(denominator) as bigint) as denominator,  -- matured attempts
    cast(sum(1 - denominator) as bigint) as open_count,  -- attempts whose window has not ended
    rate(sum(numerator), sum(denominator)) as value,  -- the day's figure; null: nothing matured
from metrics.kpi_attempts
group by kpi, happened_on
