-- One row per run: from when until when each source is known (metrics.known_sources), and what needs several of them.
-- Until is the data cut-off, the latest instant that exports reach, never the wall clock.
-- An attempt has an outcome only if what would show it is known from its beginning to its window's end.
with known as (
    select
        max(case when source = 'events' then known_from end) as events_from,
        max(case when source = 'events' then known_until end) as events_until,
        max(case when source = 'orders' then known_from end) as orders_from,
        max(case when source = 'orders' then known_until end) as orders_until,
        max(case when source = 'feedback' then known_from end) as feedback_from,
        max(case when source = 'feedback' then known_until end) as feedback_until,
        max(case when source = 'tickets' then known_from end) as tickets_from,
        max(case when source = 'tickets' then known_until end) as tickets_until,
        max(case when source = 'deals' then known_from end) as deals_from,
        max(case when source = 'deals' then known_until end) as deals_until,
        max(case when source = 'contacts' then known_from end) as contacts_from,
        max(case when source = 'contacts' then known_until end) as contacts_until
    from metrics.known_sources
),

-- Where the shop has neither a click-stream nor orders, its journeys are told by what it has.
together as (
    select
        known.*,
        greatest(
            coalesce(events_from, orders_from, deals_from, feedback_from, tickets_from, contacts_from),
            coalesce(orders_from, events_from, deals_from, feedback_from, tickets_from, contacts_from)
        ) as visits_from,
        least(
            coalesce(events_until, orders_until, deals_until, feedback_until, tickets_until, contacts_until),
            coalesce(orders_until, events_until, deals_until, feedback_until, tickets_until, contacts_until)
        ) as visits_until
    from known
)

select
    together.events_from,       -- UTC instant; null: no click-stream
    together.events_until,      -- UTC instant; null: no click-stream
    together.orders_from,       -- UTC instant; null: no orders
    together.orders_until,      -- UTC instant; null: no orders
    together.feedback_from,     -- UTC instant; null: no surveys
    together.feedback_until,    -- UTC instant; null: no surveys
    together.tickets_from,      -- UTC instant; null: no tickets
    together.tickets_until,     -- UTC instant; null: no tickets
    together.deals_from,        -- UTC instant; null: no deals
    together.deals_until,       -- UTC instant; null: no deals
    together.contacts_from,     -- UTC instant; null: no contacts
    together.contacts_until,    -- UTC instant; null: no contacts
    together.visits_from,       -- UTC instant from which both events and orders are known; of a shop with neither, its deals, else its surveys, …
    together.visits_until,      -- UTC instant until which they are
    case when together.orders_until is not null then instant_after(together.visits_until, -shop.attribution_seconds) end
        as matured_until,       -- UTC instant: sessions that ended by then are matured, no order of theirs can come; null: no orders
from together
cross join settings.shop as shop
