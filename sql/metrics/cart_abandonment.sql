-- One row per way to count abandonment. The headline is 1 − carts with an order within the horizon / carts created,
-- matured carts only; the denominators that other tools use stand beside it under their own names. Carts that the
-- person emptied are not abandoned: they are in no rate, and counted in their own row.
-- What each way counts, one by one, is in metrics.cart_attempts; by day and segment in
-- metrics.cart_abandonment_splits.
with ways as (
    select positions.position
    from unnest(generate_series(1, 6)) as positions (position)
),

counted as (
    select
        ways.position,
        cast(count(*) filter (
            where attempts.outcome = case when ways.position = 5 then 'ordered' else 'abandoned' end
        ) as bigint) as numerator,
        cast(count(*) filter (where attempts.is_matured) as bigint) as denominator,
        cast(count(*) filter (where attempts.outcome = 'open') as bigint) as open_count
    from ways
    left join metrics.cart_attempts as attempts on ways.position = attempts.position
    group by ways.position
),

emptied as (
    select cast(count(*) filter (where is_emptied) as bigint) as emptied_count from journeys.carts
),

figures as (
    select
        case counted.position
            when 1 then 'cart abandonment'
            when 2 then 'checkout abandonment'
            when 3 then 'abandoned / (abandoned + orders)'
            when 4 then '1 − orders / sessions with a cart'
            when 5
                then
                    'recovery (silent for '
                    || regexp_replace(cast(knobs.cart_silence_seconds / 3600 as text), '\.0$', '', 'g')
                    || ' h, then ordered within the horizon)'
            else 'emptied by the person (in no rate)'
        end as way,
        counted.position,
        case when counted.position = 6 then emptied.emptied_count else counted.numerator end as numerator,
        case when counted.position < 6 then counted.denominator end as denominator,
        counted.open_count
    from counted
    cross join emptied
    cross join settings.shop as knobs
)

select
    way,                        -- the figure's name
    position,                   -- order in reports
    numerator,                  -- count
    denominator,                -- count; null: a count, no rate
    open_count,                 -- carts, orders or sessions whose window has not ended
    rate(numerator, denominator) as value,  -- 0–1
    wilson_low(numerator, denominator) as low,  -- Wilson 95 %
    wilson_high(numerator, denominator) as high,  -- Wilson 95 %
from figures
