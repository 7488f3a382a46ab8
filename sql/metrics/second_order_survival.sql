-- One row per segment and day since the first order on which somebody ordered again, or beyond which no more is known of
-- somebody: the share of customers without a second order by then (Kaplan–Meier), which counts those who are
-- observed for a short time as long as they are. Day d is over d × 24 h after the first order; day 0 is the start. Who
-- has not ordered again by the last whole day before the data cut-off is censored there. Customers of whom the first order is
-- not known (metrics.first_orders) are left out. The rest of a row is the next row's: at risk − ordered again − censored.
-- Variance: Greenwood; 95 % interval: log-log, as survival's own (Kalbfleisch and Prentice), also where the rate is near 0 or 1.
-- key: dimension, value, day_number
with observed as (
    select
        first_orders.person_id,
        greatest(
            whole_periods(elapsed_seconds(first_orders.ordered_at, cut_off.orders_until), 86400), 0
        ) as finished_days,
        whole_periods(elapsed_seconds(first_orders.ordered_at, first_orders.next_ordered_at), 86400) + 1 as ordered_day
    from metrics.first_orders as first_orders
    cross join metrics.cut_off as cut_off
    where first_orders.is_covered
),

times as (
    select
        observed.person_id,
        segments.dimension,
        segments.value,
        least(observed.finished_days, coalesce(observed.ordered_day, observed.finished_days)) as day_number,
        coalesce(observed.ordered_day <= observed.finished_days, false) as is_ordered
    from observed
    inner join metrics.first_order_segments as segments on observed.person_id = segments.person_id
),

days as (
    select
        dimension,
        value,
        day_number,
        count(*) filter (where is_ordered) as ordered_count,
        count(*) filter (where not is_ordered) as censored_count
    from times
    group by dimension, value, day_number
    union all
    select distinct dimension, value, 0, 0, 0 from times
),

events as (
    select
        dimension,
        value,
        day_number,
        cast(sum(ordered_count) as bigint) as ordered_count,
        cast(sum(censored_count) as bigint) as censored_count
    from days
    group by dimension, value, day_number
),

at_risk as (
    select
        events.*,
        cast(sum(ordered_count + censored_count) over (
            partition by dimension, value order by day_number rows between current row and unbounded following
        ) as bigint) as at_risk_count
    from events
),

-- The logarithm of the product, and Greenwood's sum: null from where nobody is left without a second order.
products as (
    select
        at_risk.*,
        cast(sum(
            case when ordered_count < at_risk_count then ln(1 - rate(ordered_count, at_risk_count)) else 0 end
        ) over (partition by dimension, value order by day_number rows unbounded preceding) as double) as log_survival,
        cast(sum(rate(ordered_count, at_risk_count * (at_risk_count - ordered_count))) over (
            partition by dimension, value order by day_number rows unbounded preceding
        ) as double) as relative_variance,
        bool_or(ordered_count = at_risk_count) over (
            partition by dimension, value order by day_number rows unbounded preceding
        ) as is_over
    from at_risk
),

survival as (
    select
        products.*,
        case when is_over then 0.0 else exp(log_survival) end as survival_rate,
        case when not is_over and log_survival < 0 then 1.959964 * sqrt(relative_variance) / nullif(-log_survival, 0) end
            as log_log_half
    from products
),

bounded as (
    select
        survival.*,
        exp(log_survival * exp(log_log_half)) as survival_low,
        exp(log_survival * exp(-log_log_half)) as survival_high
    from survival
)

select
    dimension,                  -- all, or of metrics.first_order_segments
    value,                      -- all, or of metrics.first_order_segments
    day_number,                 -- days of 24 h since the first order that are over
    at_risk_count,              -- customers without a second order before this day for whom it is over; on day 0 all
    ordered_count,              -- of these, ordered again on this day
    censored_count,             -- of these, without a second order so far, and nothing later is known of them
    survival_rate,              -- share that has not ordered again by the end of the day
    survival_low,               -- lower end of its 95 % interval; null: nobody has ordered again so far, or everybody
    survival_high,              -- upper end of its 95 % interval; null: nobody has ordered again so far, or everybody
    case when not is_over then survival_rate * sqrt(relative_variance) end as survival_error,  -- Greenwood's standard error; null: everybody has ordered again
    min(case when survival_rate <= 0.5 then day_number end) over (partition by dimension, value)
        as median_days,         -- of the segment: by this day half have ordered again; null: fewer have, as far as is known
    min(case when survival_low <= 0.5 then day_number end) over (partition by dimension, value)
        as median_low_days,     -- lower end of the median's 95 % interval; null: not known
    min(case when survival_high <= 0.5 then day_number end) over (partition by dimension, value)
        as median_high_days,    -- upper end of the median's 95 % interval; null: not known
from bounded
