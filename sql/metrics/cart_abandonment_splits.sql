-- One row per way to count abandonment, what it is split by (all, day, level, device, channel, country, persona, new or
-- returning, campaign, payment method, shipping), and value: summed from metrics.cart_attempts. Of each way and split
-- the counts add up to those of all, and all is what metrics.cart_abandonment says.
-- key: way, split_by, day, name
with knobs as (
    select small_cell from settings.shop
),

summed as (
    select
        way,
        position,
        case
            when grouping(happened_on) = 0 then 'day'
            when grouping(level) = 0 then 'level'
            when grouping(device) = 0 then 'device'
            when grouping(channel) = 0 then 'channel'
            when grouping(country) = 0 then 'country'
            when grouping(persona) = 0 then 'persona'
            when grouping(new_or_returning) = 0 then 'new or returning'
            when grouping(campaign) = 0 then 'campaign'
            when grouping(payment_method) = 0 then 'payment method'
            when grouping(shipping_band) = 0 then 'shipping'
            else 'all'
        end as split_by,
        happened_on as day,
        coalesce(
            level, device, channel, country, persona, new_or_returning, campaign, payment_method, shipping_band
        ) as name,
        cast(count(*) as bigint) as attempt_count,
        cast(count(*) filter (where outcome = 'abandoned') as bigint) as abandoned_count,
        cast(count(*) filter (where outcome = 'ordered') as bigint) as ordered_count,
        cast(count(*) filter (where outcome = 'open') as bigint) as open_count,
        cast(count(*) filter (where outcome = 'uncovered') as bigint) as uncovered_count,
        cast(count(*) filter (where outcome = 'emptied') as bigint) as emptied_count,
        cast(count(*) filter (where outcome = 'outage') as bigint) as outage_count,
        cast(sum(case when outcome = 'abandoned' then cast(value as decimal(38, 2)) end) as decimal(38, 2))
            as lost_value,
        cast(count(*) filter (where outcome = 'abandoned' and kind = 'cart' and value is null) as bigint)
            as unvalued_count,
        cast(count(*) filter (where is_matured) as bigint) as denominator,
        cast(count(*) filter (where outcome = case when way = 'recovery' then 'ordered' else 'abandoned' end) as bigint)
            as numerator
    from metrics.cart_attempts
    group by grouping sets (
        (way, position), (way, position, happened_on), (way, position, level), (way, position, device),
        (way, position, channel), (way, position, country), (way, position, persona),
        (way, position, new_or_returning), (way, position, campaign), (way, position, payment_method),
        (way, position, shipping_band)
    )
)

select
    summed.way,                 -- as in metrics.cart_attempts
    summed.position,            -- of the way, in reports
    summed.split_by,            -- all, day, level, device, channel, country, persona, new or returning, campaign, payment method or shipping
    summed.day,                 -- shop day; null: all of them
    summed.name,                -- value of the split; unknown: not seen; null: a day, or all
    summed.attempt_count,       -- carts, carts and orders, or sessions: the sum of the six counts that follow
    summed.abandoned_count,     -- left without an order; of recovery: not recovered
    summed.ordered_count,       -- with an order in time; of recovery: recovered
    summed.open_count,          -- their window has not ended
    summed.uncovered_count,     -- they began before what would show an order is known
    summed.emptied_count,       -- carts that the person emptied: neither
    summed.outage_count,        -- on a day without tracking
    summed.numerator,           -- abandoned; of recovery: recovered
    summed.denominator,         -- abandoned and ordered
    rate(summed.numerator, summed.denominator) as value,  -- 0–1
    wilson_low(summed.numerator, summed.denominator) as low,  -- Wilson 95 %
    wilson_high(summed.numerator, summed.denominator) as high,  -- Wilson 95 %
    summed.lost_value,          -- of what was in the abandoned carts, in the shop's currency, as far as it is known; null: nothing is
    summed.unvalued_count,      -- abandoned carts of unknown value
    is_small_cell(summed.denominator, knobs.small_cell) as is_small,  -- too few to rank by
from summed
cross join knobs
