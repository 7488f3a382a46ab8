-- One row per combination of identifiers that events name together: whose events they are, and how many.
-- All that identity and screening need of the click-stream, some ten times smaller than it.
-- key: identifier, anonymous_id, customer_id, email_hash, order_key
-- keyed by: identifier
select
    identifier,                 -- whose events: the customer's, else the e-mail's, else the device's
    anonymous_id,               -- the browser or device
    customer_id,                -- the shop's id of the customer, when logged in
    email_hash,                 -- keyed hash of the e-mail
    order_id as order_key,      -- the order's number or other id
    min(occurred_at) as first_seen_at,  -- UTC instant of the first such event
    cast(count(*) as bigint) as event_count,  -- events
    cast(count(*) filter (where is_person_caused) as bigint) as caused_count,  -- events that a person caused
    bool_or(is_bot) as is_marked,  -- one of them is marked as a bot's
from staging.events
where identifier is not null
group by identifier, anonymous_id, customer_id, email_hash, order_id
