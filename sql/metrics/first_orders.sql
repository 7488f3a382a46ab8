-- One row per customer: the first order that is known, and the next one. Repeat purchase uses orders, not events.
-- Whether it is the customer's first can't be said where the customer was known before the orders are: a touchpoint, or
-- the CRM contact, lies longer than a cart takes to be ordered (measures.cart_horizon_days) before
-- metrics.cut_off.orders_from; who was met later than that is taken for somebody on the way to the first order. Such
-- customers are in no retention rate.
-- key: person_id
with numbered as (
    select
        person_id,
        order_id,
        session_id,
        ordered_at,
        row_number() over (partition by person_id order by ordered_at, order_id) as order_number,
        lead(ordered_at) over (partition by person_id order by ordered_at, order_id) as next_ordered_at
    from journeys.order_sessions
    where person_id is not null
),

known_before as (
    select touchpoints.person_id
    from journeys.touchpoints as touchpoints
    cross join metrics.cut_off as cut_off
    cross join settings.shop as shop
    where touchpoints.occurred_at < instant_after(cut_off.orders_from, -shop.cart_horizon_seconds)
    union
    select owned.person_id
    from journeys.record_owners as owned
    inner join staging.contacts as contacts on owned.kind = 'contact' and owned.row_id = contacts.contact_id
    cross join metrics.cut_off as cut_off
    cross join settings.shop as shop
    where contacts.created_at < instant_after(cut_off.orders_from, -shop.cart_horizon_seconds)
)

select
    numbered.person_id,         -- of journeys.people
    numbered.order_id,          -- the first order that is known
    numbered.session_id,        -- of journeys.sessions: the one that the order belongs to; null: none
    numbered.ordered_at,        -- UTC instant of it
    numbered.next_ordered_at,   -- UTC instant of the next order; null: none
    known_before.person_id is null as is_covered,  -- false: an earlier order may lie before what is known
from numbered
left join known_before on numbered.person_id = known_before.person_id
where numbered.order_number = 1
