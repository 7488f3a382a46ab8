-- Conversion with and without
select
    upper(figure[1]) || replace(figure[2:], '_', ' ') as "Figure",
    cast(case when shop.leaves_out_screened then value_without else value_with end as double) as "As shown",
    cast(value_without as double) as "Without them",
    cast(value_with as double) as "With them",
    cast(bot_value as double) as "Bots alone",
    cast(staff_value as double) as "Staff alone"
from metrics.screening
cross join settings.shop as shop
where figure = 'conversion'
order by list_position(['people', 'sessions', 'touchpoints', 'orders'], figure) nulls last, figure
