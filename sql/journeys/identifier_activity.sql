-- One row per combination of identifiers that events name together: whose events they are, and how many.
-- All that identity and screening need of the click-stream, some ten times smaller than it.
-- key: identifier, anonymous_id, customer_id, email_hash, order_key
-- keyed by: identifier
-- linked by: order_key
with activity as (
    select
        identifier,
        anonymous_id,
        customer_id,
        email_hash,
        order_id as order_key,
        min(occurred_at) as first_seen_at,
        cast(count(*) as bigint) as event_count,
        cast(count(*) filter (where is_person_caused) as bigint) as caused_count,
        bool_or(is_bot) as is_marked
    from staging.events
    where identifier is not null
    group by identifier, anonymous_id, customer_id, email_hash, order_id
)

select
    activity.identifier,          -- whose events: the customer's, else the e-mail's, else the device's
    activity.anonymous_id,        -- the browser or device
    activity.customer_id,         -- the shop's id of the customer, when logged in
    activity.email_hash,          -- keyed hash of the e-mail
    activity.order_key,           -- the order's number or other id, as the events say
    order_keys.order_id,        -- the order that this means; null: none is known
    activity.first_seen_at,       -- UTC instant of the first such event
    activity.event_count,         -- events
    activity.caused_count,        -- events that a person caused
    activity.is_marked,           -- one of them is marked as a bot's
from activity
left join staging.order_keys as order_keys on activity.order_key = order_keys.order_key
