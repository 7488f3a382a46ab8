-- One row per run: the last whole month of shop days whose visits have an outcome, and the month before it; none where the
-- exports don't reach so far. metrics.movements says why orders and revenue moved from the one to the other.
with known as (
    select
        greatest(
            coalesce(shop_day(cut_off.visits_from, shop.time_zone), date '0001-01-01'),
            (select min(happened_on) from metrics.visit_steps)
        ) as known_from,
        least(
            shop_day(cut_off.matured_until, shop.time_zone),
            (select cast(max(happened_on) + 1 as date) from metrics.visit_steps)
        ) as known_before
    from metrics.cut_off as cut_off
    cross join settings.shop as shop
),

months as (
    select
        known_from,
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
from months
where known_from <= before_from
