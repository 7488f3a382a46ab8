-- One row per cart that was left without an order in time: those that the abandonment rate counts, and those that were
-- left since (settings.shop.cart_action_seconds ago or longer), of which nobody can say yet. With what is in it, where
-- and when it was last touched, and the shop's own customer id, by which it can be joined with the CRM.
-- The carts in the rate (is_in_rate) of each value of each split are as many as metrics.cart_abandonment_splits
-- counts.
-- key: cart_id
with customers as (
    select
        person_id,
        min(substr(identifier, 10)) as customer_id,
        cast(count(*) as bigint) as customer_id_count
    from journeys.identities
    where starts_with(identifier, 'customer:') and person_id is not null
    group by person_id
),

emails as (
    select person_id, min(substr(identifier, 7)) as email_hash
    from journeys.identities
    where starts_with(identifier, 'email:') and person_id is not null
    group by person_id
),

contents as (
    select
        cart_id,
        list(product_id order by value desc nulls last, product_id) as products,
        cast(sum(cast(piece_count as decimal(38, 4))) as double) as piece_count
    from journeys.cart_lines
    where piece_count is null or piece_count > 0
    group by cart_id
)

select
    attempts.attempt_id as cart_id,  -- of journeys.carts
    attempts.person_id,         -- of journeys.people
    customers.customer_id,      -- the shop's own id of the customer, the smallest of several; null: not known
    coalesce(customers.customer_id_count, 0) as customer_id_count,  -- customer ids of the person, all in journeys.identities
    emails.email_hash,          -- keyed hash of an e-mail of the person; null: none is known
    people.marketing_status,    -- whether the person may be written to, as the CRM says; null: not said
    states.state in ('abandoned', 'active') as can_be_won,  -- neither ordered nor emptied since
    states.state,               -- today, as in metrics.cart_states
    attempts.outcome,           -- abandoned; else in no rate: open (its horizon has not ended), uncovered, emptied (at its horizon's end), outage
    attempts.outcome = 'abandoned' as is_in_rate,  -- it is among the abandoned of metrics.cart_abandonment
    states.value,               -- of what was in it when it was left, in the shop's currency; null: unknown
    attempts.value as value_at_horizon,  -- the same within its horizon: what the splits add up
    contents.piece_count,       -- pieces in it; null: no add was seen
    contents.products,          -- in it, the most valuable first; unknown: the source does not say
    carts.opened_at,            -- UTC instant of the first add
    carts.last_activity_at,     -- UTC instant of the last cart or checkout activity
    last_touch.touchpoint as last_touchpoint,  -- its name by rule
    last_touch.stage as last_stage,  -- its stage; null: none
    last_touch.device as last_device,  -- on which it happened
    last_sessions.channel as last_channel,  -- of the session in which it happened; null: in none
    carts.level_reached,        -- browse, cart or checkout, so far
    carts.coupon,               -- last seen; null: none
    attempts.happened_on as opened_on,  -- shop day of opening
    attempts.level,             -- this and all that follows as in metrics.cart_attempts: what its counts are split by
    attempts.device,            -- of the session in which it was opened
    attempts.channel,           -- of that session
    attempts.country,           -- as the CRM knew it then
    attempts.persona,           -- of the person then
    attempts.new_or_returning,  -- of that session
    attempts.campaign,          -- of that session
    attempts.payment_method,    -- last chosen within its horizon
    attempts.shipping,          -- cost last shown within its horizon
    attempts.shipping_band,     -- of that cost
from metrics.cart_attempts as attempts
inner join metrics.cart_states as states on attempts.attempt_id = states.cart_id
inner join journeys.carts as carts on attempts.attempt_id = carts.cart_id
left join journeys.people as people on attempts.person_id = people.person_id
left join customers on attempts.person_id = customers.person_id
left join emails on attempts.person_id = emails.person_id
left join contents on attempts.attempt_id = contents.cart_id
left join journeys.touchpoints as last_touch
    on carts.person_id = last_touch.person_id and carts.last_touchpoint_id = last_touch.touchpoint_id
left join journeys.sessions as last_sessions
    on last_touch.person_id = last_sessions.person_id and last_touch.session_id = last_sessions.session_id
where
    attempts.way = 'cart abandonment'
    and (attempts.outcome = 'abandoned' or states.is_due_for_action)
