-- One row per currency other than the shop's and rate, with the time in which it holds: from the start of its shop day
-- until the currency's next rate.
-- key: currency, from_at
with starts as (
    select
        rates.currency,
        rates.rate,
        coalesce(
            shop_midnight(rates.day, shop.time_zone), timestamp '0001-01-01'
        ) as from_at
    from raw.currency_rates as rates
    cross join settings.shop as shop
)

select
    currency,                   -- ISO 4217
    rate,                       -- of the shop's currency for one of it
    from_at,                    -- UTC instant from which it holds
    lead(from_at, 1, timestamp '9999-01-01') over (partition by currency order by from_at) as until_at  -- UTC instant at which it holds no more
from starts
