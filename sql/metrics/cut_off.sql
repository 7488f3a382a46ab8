-- One row per run: the data cut-off of each source, the latest instant its exports reach. Never the wall clock.
with latest as (
    select
        max(case when kind = 'events' then covers_until end) as events_until,
        max(case when kind = 'order_rows' then covers_until end) as orders_until,
        max(case when kind = 'feedback' then covers_until end) as feedback_until,
        max(case when kind = 'tickets' then covers_until end) as tickets_until,
        max(case when kind = 'deals' then covers_until end) as deals_until
    from raw.loads
    where status = 'loaded'
)

select
    events_until,               -- UTC instant; null: no click-stream
    orders_until,               -- UTC instant; null: no orders
    feedback_until,             -- UTC instant; null: no surveys
    tickets_until,              -- UTC instant; null: no tickets
    deals_until,                -- UTC instant; null: no deals
    least(
        coalesce(events_until, orders_until, feedback_until), coalesce(orders_until, events_until, feedback_until)
    ) as visits_until,  -- UTC instant until which both events and orders are known
from latest
