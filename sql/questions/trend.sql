-- One row per group of a figure that was asked for: `attempts` are rows of metrics.kpi_attempts of the figure, with
-- `group_key` and `period` (its day, week or month). Of a funnel's step a unit counts once in a period, as its best attempt,
-- so that the groups of a period add up to it (metrics.kpi_weekly).
with counted as (
    select
        attempts.kpi,
        attempts.group_key,
        cast(sum(attempts.numerator) as double) as numerator,
        cast(sum(attempts.denominator) as bigint) as denominator,
        count(*) filter (where attempts.outcome = 'open') as open_count,
        count(*) filter (where attempts.outcome = 'uncovered') as uncovered_count
    from attempts
    group by attempts.kpi, attempts.group_key
)

select
    counted.group_key,
    counted.kpi,
    counted.numerator,
    counted.denominator,
    counted.open_count,
    counted.uncovered_count,
    rate(counted.numerator, counted.denominator) as value,
    case when kpis.unit = 'share' then wilson_low(counted.numerator, counted.denominator) end as low,
    case when kpis.unit = 'share' then wilson_high(counted.numerator, counted.denominator) end as high,
    is_small_cell(counted.denominator, shop.small_cell) as is_small
from counted
inner join settings.kpis as kpis on counted.kpi = kpis.kpi
cross join settings.shop as shop
