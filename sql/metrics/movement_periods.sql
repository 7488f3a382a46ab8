-- One row per run: the last whole month of shop days whose visits have an outcome, and the month before it, which may lie
-- before what is known; no row where nothing is. A shop without visits has the months of its orders. metrics.movements says why orders and
-- revenue moved from the one to the other.
with seen as (
    select
        (select min(happened_on) from metrics.visit_steps) as first_visit_on,
        (select max(happened_on) from metrics.visit_steps) as last_visit_on,
        (select min(ordered_on) from metrics.other_orders) as first_order_on,
        (select max(ordered_on) from metrics.other_orders) as last_order_on
),

known as (
    select
        greatest(
            coalesce(shop_day(cut_off.visits_from, shop.time_zone), date '0001-01-01'),
            coalesce(seen.first_visit_on, seen.first_order_on)
        ) as known_from,
        case
            when seen.first_visit_on is not null
                then least(shop_day(cut_off.matured_until, shop.time_zone), cast(seen.last_visit_on + 1 as date))
            else least(shop_day(cut_off.orders_until, shop.time_zone), cast(seen.last_order_on + 1 as date))
        end as known_before
    from metrics.cut_off as cut_off
    cross join settings.shop as shop
    cross join seen
),

months as (
    select
        known_from,
        known_before,
        cast(date_trunc('month', known_before) as date) as month_ends_before,
        cast(cast(date_trunc('month', known_before) as date) - interval 1 month as date) as after_from,
        cast(cast(date_trunc('month', known_before) as date) - interval 2 month as date) as before_from
    from known
)

select
    before_from,                -- first shop day of the earlier month
    cast(after_from - 1 as date) as before_until,  -- its last shop day
    after_from,                 -- first shop day of the later month
    cast(month_ends_before - 1 as date) as after_until,  -- its last shop day
    known_from,                 -- first shop day from which on periods can be compared
    cast(known_before - 1 as date) as known_until,  -- the last one
    known_from <= before_from as has_months,  -- both months lie within
from months
where known_from is not null
