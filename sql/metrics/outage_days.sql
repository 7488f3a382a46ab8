-- One row per shop day on which something was down: tracking (orders go on while events stop) or payment (checkouts go
-- on while orders stop). Tracking days are left out of rates; both are left out of before/after comparisons, and marked.
-- Tracking: fewer than a tenth of the median day's events while orders are at least half of their median.
-- Payment: of at least five sessions with a checkout, fewer than half as many ordered as at the rate of the 14 days
-- before and after, and either the shortfall is over 3.5 standard deviations, or a third of these sessions met an error.
with knobs as (
    select time_zone from settings.shop
),

days as (
    select
        shop_day(sessions.started_at, knobs.time_zone) as day,
        cast(sum(sessions.touchpoint_count) as bigint) as touchpoint_count
    from journeys.sessions as sessions
    cross join knobs
    group by 1
),

placed_orders as (
    select ordered_on as day, cast(count(*) as bigint) as order_count
    from journeys.order_sessions
    group by ordered_on
),

checkouts as (
    select
        shop_day(touchpoints.occurred_at, knobs.time_zone) as day,
        cast(count(distinct touchpoints.session_id) as bigint) as checkout_count,
        cast(count(distinct case when order_sessions.order_id is not null then touchpoints.session_id end) as bigint)
            as ordered_count,
        cast(count(distinct case when sessions.error_count > 0 then touchpoints.session_id end) as bigint)
            as failed_count
    from journeys.touchpoints as touchpoints
    cross join knobs
    inner join journeys.sessions as sessions on touchpoints.session_id = sessions.session_id
    left join journeys.order_sessions as order_sessions on touchpoints.session_id = order_sessions.session_id
    where touchpoints.action = 'checkout' and touchpoints.is_on_site
    group by 1
),

span as (
    select
        least(min(day), (select min(day) from placed_orders)) as first_day,
        least(
            greatest(max(day), (select max(day) from placed_orders)),
            max(shop_day(known.visits_until - interval 1 microsecond, knobs.time_zone))
        ) as last_day
    from days
    cross join knobs
    cross join metrics.cut_off as known
),

calendar as (
    select cast(span.first_day + cast(g.n as integer) as date) as day
    from span
    cross join unnest(generate_series(0, 4000)) as g(n)
    where g.n <= date_diff('day', span.first_day, span.last_day)
),

observed as (
    select
        calendar.day,
        coalesce(days.touchpoint_count, 0) as touchpoint_count,
        coalesce(placed_orders.order_count, 0) as order_count,
        coalesce(checkouts.checkout_count, 0) as checkout_count,
        coalesce(checkouts.ordered_count, 0) as ordered_count,
        coalesce(checkouts.failed_count, 0) as failed_count
    from calendar
    left join days on calendar.day = days.day
    left join placed_orders on calendar.day = placed_orders.day
    left join checkouts on calendar.day = checkouts.day
),

usual as (
    select
        median(touchpoint_count) as touchpoint_median,
        median(order_count) as order_median
    from observed
),

-- The neighbouring days, without the day itself: a change of the shop must not make the days before it look broken.
neighboured as (
    select
        *,
        rate(
            cast(sum(ordered_count) over around as double) - ordered_count,
            cast(sum(checkout_count) over around as double) - checkout_count
        ) as order_rate
    from observed
    window around as (order by day rows between 14 preceding and 14 following)
),

judged as (
    select
        observed.*,
        observed.order_rate * observed.checkout_count as expected_orders,
        usual.touchpoint_median > 0
        and observed.touchpoint_count < usual.touchpoint_median / 10.0
        and observed.order_count >= usual.order_median / 2.0
        and observed.order_count > 0 as is_tracking_outage,
        observed.checkout_count >= 5
        and observed.ordered_count < observed.checkout_count * observed.order_rate / 2.0
        and (
            observed.failed_count >= observed.checkout_count / 3.0
            or observed.checkout_count * observed.order_rate - observed.ordered_count
            > 3.5 * sqrt(observed.checkout_count * observed.order_rate * (1 - observed.order_rate))
        ) as is_payment_outage
    from neighboured as observed
    cross join usual
)

select
    day as outage_on,           -- shop day
    case when is_tracking_outage then 'tracking' else 'payment' end as outage,  -- tracking or payment
    touchpoint_count,           -- touchpoints on the site that day
    order_count,                -- orders that day, by the orders export
    checkout_count,             -- sessions with a checkout that day
    ordered_count,              -- of these, sessions with an order
    failed_count,               -- of these, sessions that met an error
    round(expected_orders, 1) as expected_order_count,  -- sessions with an order at the neighbouring days' rate
from judged
where is_tracking_outage or is_payment_outage
