-- One row per source of touchpoints that an export was loaded of: from when until when it is known. Never the wall clock.
-- Known until: the latest instant that its exports reach. Known from: the first shop day that they tell of, since
-- exports are cut by days, or the day that `known_from` of journey.yaml says; of several exports the earliest. Outside of
-- that span nothing is known, which is not the same as that nothing happened.
-- key: source
with kinds as (
    select 'events' as source, 'events' as kind
    union all
    select 'orders', 'order_rows'
    union all
    select 'feedback', 'feedback'
    union all
    select 'invitations', 'feedback'
    union all
    select 'tickets', 'tickets'
    union all
    select 'deals', 'deals'
    union all
    select 'contacts', 'contacts'
),

exports as (
    select
        loads.kind,
        loads.export,
        coalesce(
            max(said.known_from_on), min(shop_day(loads.covers_from, shop.time_zone))
        ) as known_from_on,
        max(loads.covers_until) as known_until
    from raw.loads as loads
    cross join settings.shop as shop
    left join settings.known_from as said on loads.export = said.export
    where loads.status = 'loaded'
    group by loads.kind, loads.export
)

select
    kinds.source,               -- events, orders, feedback (answers), invitations (to answer), tickets, deals or contacts
    min(shop_midnight(exports.known_from_on, shop.time_zone)) as known_from,  -- UTC instant; null: its exports tell no time
    max(exports.known_until) as known_until,  -- UTC instant; null: its exports tell no time
from kinds
inner join exports on kinds.kind = exports.kind
cross join settings.shop as shop
group by kinds.source
