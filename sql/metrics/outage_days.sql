-- One row per shop day on which something was down: tracking (orders go on while events stop) or payment (checkouts go
-- on while orders stop). Orders are web orders. Tracking days are left out of rates; both are left out where changes are judged, and marked.
-- Tracking: fewer touchpoints than a share of the median day's, while orders are at least a share of theirs. Where orders
-- are the purchase events (no export of them is loaded), both stop together: of tracking nothing can be said.
-- Payment: of sessions with a checkout, if there are enough of them, fewer ordered than a share of what the rate of the
-- neighbouring days gives, and either the shortfall is over so many standard deviations, or many of these sessions met
-- an error. The shares, and what is enough, are those of settings.outages.
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
    where is_web
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
        greatest(
            least(min(day), (select min(day) from placed_orders)),
            max(coalesce(shop_day(known.visits_from, knobs.time_zone), date '0001-01-01'))
        ) as first_day,
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
    cross join unnest(generate_series(0, 4000)) as g (n)
    where g.n <= date_diff('day', span.first_day, span.last_day)
),

day_counts as (
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

medians as (
    select
        median(touchpoint_count) as touchpoint_median,
        median(order_count) as order_median
    from day_counts
),

offsets as (
    select cast(g.n as integer) as days_from
    from unnest(generate_series(-60, 60)) as g (n)
    cross join settings.outages as limits
    where g.n <> 0 and abs(g.n) <= limits.neighbouring_days
),

-- The neighbouring days, without the day itself: a change of the shop must not make the days before it look broken.
neighbour_rates as (
    select
        day_counts.day,
        rate(
            cast(sum(neighbours.ordered_count) as double), cast(sum(neighbours.checkout_count) as double)
        ) as order_rate
    from day_counts
    cross join offsets
    inner join day_counts as neighbours on cast(day_counts.day + offsets.days_from as date) = neighbours.day
    group by day_counts.day
),

suspicions as (
    select
        day_counts.*,
        neighbour_rates.order_rate * day_counts.checkout_count as expected_orders,
        not known.has_orders_by_events
        and medians.touchpoint_median > 0
        and rate(day_counts.touchpoint_count, medians.touchpoint_median) < limits.tracking_touchpoint_share
        and day_counts.order_count >= medians.order_median * limits.tracking_order_share
        and day_counts.order_count > 0 as is_tracking_outage,
        day_counts.checkout_count >= limits.payment_checkouts
        and day_counts.ordered_count
        < day_counts.checkout_count * neighbour_rates.order_rate * limits.payment_order_share
        and (
            rate(day_counts.failed_count, day_counts.checkout_count) >= limits.payment_error_share
            or day_counts.checkout_count * neighbour_rates.order_rate - day_counts.ordered_count
            > limits.payment_deviations
            * sqrt(day_counts.checkout_count * neighbour_rates.order_rate * (1 - neighbour_rates.order_rate))
        ) as is_payment_outage
    from day_counts
    left join neighbour_rates on day_counts.day = neighbour_rates.day
    cross join medians
    cross join metrics.cut_off as known
    cross join settings.outages as limits
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
from suspicions
where is_tracking_outage or is_payment_outage
