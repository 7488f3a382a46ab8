-- Figures with and without
select
    upper(figure[1]) || replace(figure[2:], '_', ' ') as "Figure",
    cast(case when shop.leaves_out_screened then value_without else value_with end as bigint) as "As shown",
    cast(value_without as bigint) as "Without them",
    cast(value_with as bigint) as "With them",
    cast(bot_value as bigint) as "Bots alone",
    cast(staff_value as bigint) as "Staff alone"
from metrics.screening
cross join settings.shop as shop
where figure <> 'conversion'
order by list_position(['people', 'sessions', 'touchpoints', 'orders'], figure) nulls last, figure
