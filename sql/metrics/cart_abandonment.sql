-- One row per way to count abandonment. The headline is 1 − carts with an order within the horizon / carts created,
-- matured carts only; the denominators that other tools use stand beside it under their own names. Carts that the person
-- emptied are not abandoned: they are in no rate, and counted in their own row.
with attempts as (
    select kpi, attempt_id, is_matured, outcome = 'open' as is_open, is_converted as is_abandoned
    from metrics.kpi_attempts
    where kpi in ('cart_abandonment', 'checkout_abandonment')
),

cart_counts as (
    select
        cast(count(*) filter (where kpi = 'cart_abandonment' and is_matured) as bigint) as cart_count,
        cast(count(*) filter (where kpi = 'cart_abandonment' and is_matured and is_abandoned) as bigint) as abandoned_count,
        cast(count(*) filter (where kpi = 'cart_abandonment' and is_open) as bigint) as open_count,
        cast(count(*) filter (where kpi = 'checkout_abandonment' and is_matured) as bigint) as checkout_count,
        cast(count(*) filter (where kpi = 'checkout_abandonment' and is_matured and is_abandoned) as bigint) as checkout_abandoned_count,
        cast(count(*) filter (where kpi = 'checkout_abandonment' and is_open) as bigint) as checkout_open_count
    from attempts
),

-- Abandoned: silent for so long at the data cut-off. Recovered: ordered after that, within the horizon.
recovery_counts as (
    select
        cast(count(*) filter (where attempts.is_matured) as bigint) as abandoned_count,
        cast(count(*) filter (where attempts.is_matured and states.was_recovered) as bigint) as recovered_count,
        cast(count(*) filter (where attempts.is_open) as bigint) as open_count
    from attempts
    inner join metrics.cart_states as states on attempts.attempt_id = states.cart_id
    where attempts.kpi = 'cart_abandonment' and (attempts.is_open or attempts.is_matured and states.was_abandoned)
),

session_counts as (
    select
        cast(count(*) filter (where is_matured) as bigint) as cart_session_count,
        cast(count(*) filter (where is_matured and is_converted) as bigint) as ordered_session_count,
        cast(count(*) filter (where outcome = 'open') as bigint) as open_count
    from metrics.kpi_attempts
    where
        kpi = 'conversion'
        and attempt_id in (
            select session_id from journeys.touchpoints
            where action in ('add_to_cart', 'remove_from_cart', 'checkout') and is_on_site
        )
),

emptied_counts as (
    select cast(count(*) as bigint) as emptied_count from journeys.carts where is_emptied
),

order_counts as (
    select cast(count(*) as bigint) as order_count
    from journeys.order_sessions as orders
    cross join settings.shop as knobs
    cross join metrics.cut_off as known
    where
        orders.is_web
        and elapsed_seconds(orders.ordered_at, known.visits_until) >= knobs.cart_horizon_seconds
        and coalesce(orders.ordered_at >= known.visits_from, true)
),

ways as (
    select 'cart abandonment' as way, 1 as position, abandoned_count as numerator, cart_count as denominator, open_count
    from cart_counts
    union all
    select 'checkout abandonment', 2, checkout_abandoned_count, checkout_count, checkout_open_count from cart_counts
    union all
    select
        'abandoned / (abandoned + orders)', 3, cart_counts.abandoned_count,
        case when cart_counts.cart_count > 0 then cart_counts.abandoned_count + order_counts.order_count end,
        cart_counts.open_count
    from cart_counts
    cross join order_counts
    union all
    select '1 − orders / sessions with a cart', 4, cart_session_count - ordered_session_count, cart_session_count, open_count
    from session_counts
    union all
    select
        'recovery (silent for ' || regexp_replace(cast(knobs.cart_silence_seconds / 3600 as text), '\.0$', '', 'g')
        || ' h, then ordered within the horizon)', 5, recovered_count, abandoned_count, open_count
    from recovery_counts
    cross join settings.shop as knobs
    union all
    select 'emptied by the person (in no rate)', 6, emptied_count, null, 0 from emptied_counts
)

select
    way,                        -- the figure's name
    position,                   -- order in reports
    numerator,                  -- count
    denominator,                -- count; null: a count, no rate
    open_count,                 -- carts whose horizon has not ended
    rate(numerator, denominator) as value,  -- 0–1
    wilson_low(numerator, denominator) as low,  -- Wilson 95 %
    wilson_high(numerator, denominator) as high,  -- Wilson 95 %
from ways
