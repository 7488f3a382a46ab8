-- One row per split (outcome, delay, channel) of the carts that were abandoned within their horizon and are matured,
-- and its value: which were ordered within the horizon after all, how long after they were left, by the channel of the
-- session that brought the order; and which were not. Of each split the rows add up to all these carts. Those whose
-- horizon has not ended are in no row. Which carts these are: metrics.cart_attempts, way `recovery`.
-- key: split_by, name
with knobs as (
    select small_cell, cart_silence_seconds, cart_horizon_seconds from settings.shop
),

abandoned as (
    select
        attempts.attempt_id,
        attempts.outcome = 'ordered' as is_recovered,
        elapsed_seconds(carts.left_at, carts.ordered_at) as delay_seconds,
        carts.came_back_channel as channel,
        attempts.value as cart_value
    from metrics.cart_attempts as attempts
    inner join journeys.carts as carts on attempts.attempt_id = carts.cart_id
    where attempts.way = 'recovery' and attempts.is_matured
),

hours as (
    select
        cast(up_to as double) * 3600 as up_to_seconds,
        cast(up_to as bigint) as up_to_hours,
        lag(cast(up_to as bigint)) over (order by cast(up_to as bigint)) as over_hours
    from unnest([
        '1', '3', '6', '12', '24', '48', '72', '96', '120', '144', '168', '336', '720', '1440', '2160'
    ]) as listed (up_to)
),

delays as (
    select abandoned.attempt_id, min(hours.up_to_hours) as up_to_hours
    from abandoned
    inner join hours on abandoned.delay_seconds <= hours.up_to_seconds
    where abandoned.is_recovered
    group by abandoned.attempt_id
),

places as (
    select
        'outcome' as split_by,
        case when is_recovered then 'recovered' else 'not recovered' end as name,
        case when is_recovered then 1 else 2 end as place,
        cast(null as bigint) as up_to_hours,
        cart_value
    from abandoned
    union all
    select
        'delay',
        case
            when not abandoned.is_recovered then 'not recovered'
            when hours.up_to_hours is null then 'later'
            when hours.up_to_hours <= 48
                then 'over ' || coalesce(hours.over_hours, 0) || ' to ' || hours.up_to_hours || ' h'
            else 'over ' || hours.over_hours // 24 || ' to ' || hours.up_to_hours // 24 || ' days'
        end,
        case when abandoned.is_recovered then coalesce(hours.up_to_hours, 99998) else 99999 end,
        hours.up_to_hours,
        abandoned.cart_value
    from abandoned
    left join delays on abandoned.attempt_id = delays.attempt_id
    left join hours on delays.up_to_hours = hours.up_to_hours
    union all
    select
        'channel',
        case when is_recovered then channel else 'not recovered' end,
        case when is_recovered then 1 else 2 end,
        null,
        cart_value
    from abandoned
),

counted as (
    select
        split_by,
        name,
        max(place) as place,
        max(up_to_hours) as up_to_hours,
        cast(count(*) as bigint) as cart_count,
        cast(sum(cast(cart_value as decimal(38, 2))) as decimal(38, 2)) as cart_value,
        cast(count(*) filter (where cart_value is null) as bigint) as unvalued_count
    from places
    group by split_by, name
),

totals as (
    select
        cast(count(*) filter (where is_matured) as bigint) as abandoned_count,
        cast(count(*) filter (where outcome = 'open') as bigint) as open_count
    from metrics.cart_attempts
    where way = 'recovery'
)

select
    counted.split_by,           -- outcome, delay (from when it was left until its order), or channel (of the order's session)
    counted.name,               -- of the split; not recovered: no order within the horizon; unknown: no session of the order is known
    cast(row_number() over (
        partition by counted.split_by order by counted.place, counted.cart_count desc, counted.name
    ) as bigint) as position,   -- in reports
    counted.up_to_hours,        -- upper end of a delay, included; null: none, or no delay
    counted.cart_count,         -- abandoned carts of it
    cast(sum(counted.cart_count) over (
        partition by counted.split_by order by counted.place, counted.cart_count desc, counted.name
        rows unbounded preceding
    ) as bigint)
        as cart_count_so_far,   -- with those of the rows before it: by delay, recovered until then
    counted.cart_value,         -- of what was in them within their horizon, in the shop's currency, as far as it is known; null: nothing is
    counted.unvalued_count,     -- of them, carts of unknown value
    totals.abandoned_count,     -- all of them: carts abandoned within their horizon, matured
    totals.open_count,          -- carts whose horizon has not ended, in no row
    rate(counted.cart_count, totals.abandoned_count) as value,  -- share of all of them, 0–1
    wilson_low(counted.cart_count, totals.abandoned_count) as low,  -- Wilson 95 %
    wilson_high(counted.cart_count, totals.abandoned_count) as high,  -- Wilson 95 %
    is_small_cell(totals.abandoned_count, knobs.small_cell) as is_small,  -- too few to rank by
from counted
cross join totals
cross join knobs
