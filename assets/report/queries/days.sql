-- One row per shop day of the figures that are drawn by day.
select
    daily.kpi, daily.happened_on as on, daily.numerator, daily.denominator, daily.open_count, daily.value,
    daily.denominator < shop.small_cell as is_small
from metrics.kpi_daily as daily
cross join settings.shop as shop
where daily.kpi in ('conversion', 'satisfaction')
order by daily.kpi, daily.happened_on
