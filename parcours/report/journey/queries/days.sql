-- One row per shop day of the headline figures; of a longer period than 150 days, one row per week.
with spans as (
    select kpi, date_diff('day', min(happened_on), max(happened_on)) > 150 as is_long
    from metrics.kpi_daily
    group by kpi
),

parts as (
    select kpi, 'day' as grain, happened_on as on, numerator, denominator, open_count, value from metrics.kpi_daily
    union all
    select kpi, 'week', week_on, numerator, denominator, open_count, value from metrics.kpi_weekly
)

select
    parts.kpi, parts.grain, parts.on, parts.numerator, parts.denominator, parts.open_count, parts.value,
    is_small_cell(parts.denominator, shop.small_cell) as is_small
from parts
inner join settings.kpis as catalogue on parts.kpi = catalogue.kpi and catalogue.is_headline
inner join spans on parts.kpi = spans.kpi and (parts.grain = 'week') = spans.is_long
cross join settings.shop as shop
where parts.denominator + parts.open_count > 0
order by parts.kpi, parts.on
