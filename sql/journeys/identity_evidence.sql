-- One row per pair of identifiers that one event, order, CRM row or ticket names together, and per identifier that an
-- order, a CRM row, a ticket or an answer names at all.
-- Deterministic evidence only. Blocked values (empty, null, 0, anonymous, all zeros or dashes …) are no identifier.
-- An anonymous id, e-mail, customer id or contact that meets more customers (or e-mails) than
-- settings.shop.identity_link_limit, directly or through orders and CRM rows (a shared tablet, an office address), links
-- nothing: its pairs stay here with is_used = false.
with named_orders as (
    select
        traces.anonymous_id, traces.customer_id, traces.email_hash, order_keys.order_id, traces.first_seen_at
    from journeys.traces as traces
    inner join staging.order_keys as order_keys on traces.order_key = order_keys.order_key
),

pairs as (
    select
        'anonymous:' || anonymous_id as identifier, 'customer:' || customer_id as other_identifier, 'event' as evidence,
        first_seen_at
    from journeys.traces
    where anonymous_id is not null and customer_id is not null
    union all
    select 'anonymous:' || anonymous_id, 'email:' || email_hash, 'event', first_seen_at
    from journeys.traces
    where anonymous_id is not null and email_hash is not null
    union all
    select 'customer:' || customer_id, 'email:' || email_hash, 'event', first_seen_at
    from journeys.traces
    where customer_id is not null and email_hash is not null
    union all
    select 'anonymous:' || anonymous_id, 'order:' || order_id, 'event', first_seen_at from named_orders
    union all
    select 'customer:' || customer_id, 'order:' || order_id, 'event', first_seen_at from named_orders
    union all
    select 'email:' || email_hash, 'order:' || order_id, 'event', first_seen_at from named_orders
    union all
    select 'order:' || order_id, 'customer:' || customer_id, 'order', ordered_at from staging.orders
    union all
    select 'order:' || order_id, 'email:' || email_hash, 'order', ordered_at from staging.orders
    union all
    select 'customer:' || customer_id, 'email:' || email_hash, 'order', ordered_at from staging.orders
    union all
    select 'contact:' || contact_id, 'customer:' || customer_id, 'contact', created_at from raw.contacts
    union all
    select 'contact:' || contact_id, 'email:' || email_hash, 'contact', created_at from raw.contacts
    union all
    select 'customer:' || customer_id, 'email:' || email_hash, 'contact', created_at from raw.contacts
    union all
    select 'email:' || email_hash, null, 'feedback', answered_at from staging.feedback
    union all
    select 'customer:' || customer_id, null, 'feedback', answered_at from staging.feedback
    union all
    select 'contact:' || contact_id, 'customer:' || customer_id, 'ticket', created_at from staging.tickets
    union all
    select 'contact:' || contact_id, 'email:' || email_hash, 'ticket', created_at from staging.tickets
    union all
    select 'customer:' || customer_id, 'email:' || email_hash, 'ticket', created_at from staging.tickets
    union all
    select 'contact:' || contact_id, 'customer:' || customer_id, 'deal', created_at from staging.deals
    union all
    select 'contact:' || contact_id, 'email:' || email_hash, 'deal', created_at from staging.deals
    union all
    select 'customer:' || customer_id, 'email:' || email_hash, 'deal', created_at from staging.deals
),

together as (
    select identifier, other_identifier, evidence, min(first_seen_at) as first_seen_at
    from pairs
    group by identifier, other_identifier, evidence
),

cleaned as (
    select
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
        evidence,
        first_seen_at
    from together
),

linked as (
    select identifier, other_identifier, evidence, first_seen_at
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
    where
        (starts_with(ends.other_identifier, 'order:') or starts_with(ends.other_identifier, 'contact:'))
        and behind.other_identifier <> ends.identifier
),

shared as (
    select identifier
    from meetings
    cross join settings.shop as shop
    where
        (
            starts_with(identifier, 'anonymous:')
            and (starts_with(other_identifier, 'customer:') or starts_with(other_identifier, 'email:'))
        )
        or (starts_with(identifier, 'email:') and starts_with(other_identifier, 'customer:'))
        or (starts_with(identifier, 'customer:') and starts_with(other_identifier, 'email:'))
        or (
            starts_with(identifier, 'contact:')
            and (starts_with(other_identifier, 'customer:') or starts_with(other_identifier, 'email:'))
        )
    group by identifier, split_part(other_identifier, ':', 1), shop.identity_link_limit
    having count(*) > shop.identity_link_limit
),

-- Rows of their own that name somebody. The click-stream's are in journeys.traces.
seen as (
    select 'order:' || order_id as identifier from staging.orders
    union
    select 'contact:' || contact_id from raw.contacts
    union
    select identifier from cleaned where evidence in ('feedback', 'ticket', 'deal')
    union
    select other_identifier from cleaned where evidence in ('feedback', 'ticket', 'deal')
    union
    select 'contact:' || contact_id from staging.tickets
    union
    select 'email:' || email_hash from staging.tickets
    union
    select 'customer:' || customer_id from staging.tickets
    union
    select 'contact:' || contact_id from staging.deals
    union
    select 'email:' || email_hash from staging.deals
    union
    select 'customer:' || customer_id from staging.deals
)

select
    identifier,                 -- kind:value
    other_identifier,           -- kind:value; null in the row that says the identifier was seen
    evidence,                   -- event, order, contact, ticket, deal, or seen
    first_seen_at,              -- UTC instant of the first row that names both; null: its time is not known
    identifier not in (select identifier from shared)
    and other_identifier not in (select identifier from shared) as is_used,  -- false: an end is shared
from linked
union all
select identifier, null, 'seen', null, false
from seen
where
    identifier is not null
    and not regexp_matches(
        lower(identifier), '^[a-z]+:( *|null|none|nan|undefined|unknown|anonymous|guest|-1|[0-]+)$'
    )
