-- Figures with and without
-- Counts; conversion is a share. The type of a value says how it is written.
with shown as (
    select
        figure,
        case when shop.leaves_out_screened then value_without else value_with end as "As shown",
        value_without as "Without them",
        value_with as "With them",
        bot_value as "Bots alone",
        staff_value as "Staff alone"
    from metrics.screening
    cross join settings.shop as shop
),

written as (
    select figure, cast(cast(columns(* exclude (figure)) as bigint) as union(count bigint, share double))
    from shown
    where figure <> 'conversion'
    union all
    select figure, cast(columns(* exclude (figure)) as union(count bigint, share double))
    from shown
    where figure = 'conversion'
)

select {'capital': figure} as "Figure", * exclude (figure)
from written
order by list_position(['people', 'sessions', 'touchpoints', 'orders', 'conversion'], figure)
