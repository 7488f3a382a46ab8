-- One row per cohort (shop month of the first order) and interval of 30 × 24 h since the customer's own first order.
-- Returned: another order in [n × 30, (n + 1) × 30) days. Unbounded: in or after it. The denominator is customers who
-- reached the end of that interval before the data cut-off; an interval that no one has finished is null, never 0.
-- Customers whose first order may lie before what is known (metrics.first_orders) are in no cohort.
-- key: cohort_on, interval_number
with knobs as (
    select time_zone from settings.shop
),

horizons as (
    select orders_until from metrics.cut_off
),

customers as (
    select
        orders.person_id,
        orders.ordered_at as first_ordered_at,
        orders.order_id as first_order_id,
        shop_month(orders.ordered_at, knobs.time_zone) as cohort_on
    from metrics.first_orders as orders
    cross join knobs
    where orders.is_covered
),

intervals as (
    select cast(g.n as bigint) as interval_number
    from unnest(generate_series(0, 11)) as g (n)
),

cells as (
    select
        customers.cohort_on,
        customers.person_id,
        intervals.interval_number,
        elapsed_seconds(customers.first_ordered_at, horizons.orders_until)
        >= (intervals.interval_number + 1) * 30 * 86400 as has_finished
    from customers
    cross join intervals
    cross join horizons
),

later_orders as (
    select
        customers.person_id,
        whole_periods(elapsed_seconds(customers.first_ordered_at, orders.ordered_at), 30 * 86400) as interval_number,
        max(whole_periods(elapsed_seconds(customers.first_ordered_at, orders.ordered_at), 30 * 86400)) over (
            partition by customers.person_id
        ) as last_interval_number
    from customers
    inner join journeys.order_sessions as orders on customers.person_id = orders.person_id
    where orders.order_id <> customers.first_order_id
),

returns as (
    select distinct person_id, interval_number, last_interval_number
    from later_orders
),

last_returns as (
    select distinct person_id, last_interval_number
    from later_orders
),

counts as (
    select
        cells.cohort_on,
        cells.interval_number,
        cast(count(*) as bigint) as customer_count,
        cast(count(*) filter (where cells.has_finished) as bigint) as finished_count,
        cast(count(*) filter (where cells.has_finished and returns.person_id is not null) as bigint) as returned_count,
        cast(count(*) filter (
            where cells.has_finished and last_returns.last_interval_number >= cells.interval_number
        ) as bigint) as returned_on_or_after_count
    from cells
    left join returns on cells.person_id = returns.person_id and cells.interval_number = returns.interval_number
    left join last_returns on cells.person_id = last_returns.person_id
    group by cells.cohort_on, cells.interval_number
)

select
    cohort_on,                  -- first shop day of the month of the first order
    interval_number,            -- 0 is the first 30 days after the first order
    customer_count,             -- customers of the cohort
    finished_count,             -- customers whose interval had ended at the data cut-off
    returned_count,             -- of these, ordered again within the interval
    returned_on_or_after_count,  -- of these, ordered again within or after it
    rate(returned_count, finished_count) as retention_rate,  -- null: no one has finished the interval
    rate(returned_on_or_after_count, finished_count) as unbounded_retention_rate,  -- null: no one has finished the interval
from counts
