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
),

together as (
    select
        latest.*,
        least(
            coalesce(events_until, orders_until, feedback_until), coalesce(orders_until, events_until, feedback_until)
        ) as visits_until
    from latest
)

select
    together.events_until,      -- UTC instant; null: no click-stream
    together.orders_until,      -- UTC instant; null: no orders
    together.feedback_until,    -- UTC instant; null: no surveys
    together.tickets_until,     -- UTC instant; null: no tickets
    together.deals_until,       -- UTC instant; null: no deals
    together.visits_until,      -- UTC instant until which both events and orders are known
    case when together.orders_until is not null then instant_after(together.visits_until, -shop.attribution_seconds) end
        as matured_until,       -- UTC instant: sessions that ended by then are matured, no order of theirs can come; null: no orders
from together
cross join settings.shop as shop
