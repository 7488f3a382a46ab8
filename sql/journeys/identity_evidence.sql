-- One row per pair of identifiers that one event, order, CRM row or ticket names together, and per identifier seen at
-- all.
-- Deterministic evidence only. Blocked values (empty, null, 0, anonymous, all zeros or dashes …) are no identifier.
-- An anonymous id, e-mail, customer id or contact that meets more customers (or e-mails) than
-- settings.shop.identity_link_limit, directly or through orders and CRM rows (a shared tablet, an office address), links nothing: its
-- pairs stay here with is_used = false.
with named_orders as (
    select distinct events.anonymous_id, events.customer_id, events.email_hash, orders.order_id
    from staging.events as events
    inner join staging.orders as orders
        on events.order_id = orders.order_reference or events.order_id = orders.order_id
),

pairs as (
    select
        'anonymous:' || anonymous_id as identifier, 'customer:' || customer_id as other_identifier, 'event' as evidence
    from staging.events
    union
    select 'anonymous:' || anonymous_id, 'email:' || email_hash, 'event' from staging.events
    union
    select 'customer:' || customer_id, 'email:' || email_hash, 'event' from staging.events
    union
    select 'anonymous:' || anonymous_id, 'order:' || order_id, 'event' from named_orders
    union
    select 'customer:' || customer_id, 'order:' || order_id, 'event' from named_orders
    union
    select 'email:' || email_hash, 'order:' || order_id, 'event' from named_orders
    union
    select 'order:' || order_id, 'customer:' || customer_id, 'order' from staging.orders
    union
    select 'order:' || order_id, 'email:' || email_hash, 'order' from staging.orders
    union
    select 'customer:' || customer_id, 'email:' || email_hash, 'order' from staging.orders
    union
    select 'contact:' || contact_id, 'customer:' || customer_id, 'contact' from raw.contacts
    union
    select 'contact:' || contact_id, 'email:' || email_hash, 'contact' from raw.contacts
    union
    select 'customer:' || customer_id, 'email:' || email_hash, 'contact' from raw.contacts
    union
    select 'email:' || email_hash, null, 'feedback' from staging.feedback
    union
    select 'customer:' || customer_id, null, 'feedback' from staging.feedback
    union
    select 'contact:' || contact_id, 'customer:' || customer_id, 'ticket' from staging.tickets
    union
    select 'contact:' || contact_id, 'email:' || email_hash, 'ticket' from staging.tickets
    union
    select 'customer:' || customer_id, 'email:' || email_hash, 'ticket' from staging.tickets
    union
    select 'contact:' || contact_id, 'customer:' || customer_id, 'deal' from staging.deals
    union
    select 'contact:' || contact_id, 'email:' || email_hash, 'deal' from staging.deals
    union
    select 'customer:' || customer_id, 'email:' || email_hash, 'deal' from staging.deals
),

cleaned as (
    select distinct
        case
            when not regexp_matches(
                lower(identifier), '^[a-z]+:( *|null|none|nan|undefined|unknown|anonymous|guest|-1|[0-]+)$'
            ) then identifier
        end as identifier,
        case
            when not regexp_matches(
                lower(other_identifier), '^[a-z]+:( *|null|none|nan|undefined|unknown|anonymous|guest|-1|[0-]+)$'
            ) then other_identifier
        end as other_identifier,
        evidence
    from pairs
),

linked as (
    select identifier, other_identifier, evidence
    from cleaned
    where identifier is not null and other_identifier is not null
),

ends as (
    select identifier, other_identifier from linked
    union
    select other_identifier, identifier from linked
),

-- Whom an identifier meets: directly, or through an order or CRM row that names both.
meetings as (
    select identifier, other_identifier from ends
    union
    select ends.identifier, behind.other_identifier
    from ends
    inner join ends as behind on ends.other_identifier = behind.identifier
    where regexp_matches(ends.other_identifier, '^(order|contact):') and behind.other_identifier <> ends.identifier
),

shared as (
    select identifier
    from meetings
    cross join settings.shop as shop
    where
        (starts_with(identifier, 'anonymous:') and regexp_matches(other_identifier, '^(customer|email):'))
        or (starts_with(identifier, 'email:') and starts_with(other_identifier, 'customer:'))
        or (starts_with(identifier, 'customer:') and starts_with(other_identifier, 'email:'))
        or (starts_with(identifier, 'contact:') and regexp_matches(other_identifier, '^(customer|email):'))
    group by identifier, split_part(other_identifier, ':', 1), shop.identity_link_limit
    having count(*) > shop.identity_link_limit
),

alone as (
    select identifier from cleaned where identifier is not null
    union
    select other_identifier from cleaned where other_identifier is not null
    union
    select 'order:' || order_id from staging.orders
)

select
    identifier,                 -- kind:value
    other_identifier,           -- kind:value; null in the row that says the identifier was seen
    evidence,                   -- event, order, contact, ticket, deal, or seen
    identifier not in (select identifier from shared)
    and other_identifier not in (select identifier from shared) as is_used,  -- false: an end is shared
from linked
union all
select identifier, null, 'seen', false from alone
