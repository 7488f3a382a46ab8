-- One row per pair of identifiers that one event, order, CRM row or ticket names together, and per identifier that an
-- order, a CRM row, a ticket or an answer names at all.
-- Deterministic evidence only; a value that names nobody (empty, null, 0, anonymous …) is null since it was loaded.
-- An anonymous id, e-mail, customer id or contact that meets more customers (or e-mails) than
-- settings.shop.identity_link_limit, directly or through orders and CRM rows (a shared tablet, an office address), links
-- nothing: its pairs stay here with is_used = false.
-- keyed by: identifier
with named_orders as (
    select anonymous_id, customer_id, email_hash, 'order:' || order_id as order_identifier, first_seen_at
    from journeys.identifier_activity
    where order_id is not null
),

pairs as (
    select
        'anonymous:' || anonymous_id as identifier, 'customer:' || customer_id as other_identifier, first_seen_at
    from journeys.identifier_activity
    where anonymous_id is not null and customer_id is not null
    union all
    select 'anonymous:' || anonymous_id, 'email:' || email_hash, first_seen_at
    from journeys.identifier_activity
    where anonymous_id is not null and email_hash is not null
    union all
    select 'customer:' || customer_id, 'email:' || email_hash, first_seen_at
    from journeys.identifier_activity
    where customer_id is not null and email_hash is not null
    union all
    select 'anonymous:' || anonymous_id, order_identifier, first_seen_at
    from named_orders
    where anonymous_id is not null
    union all
    select 'customer:' || customer_id, order_identifier, first_seen_at
    from named_orders
    where customer_id is not null
    union all
    select 'email:' || email_hash, order_identifier, first_seen_at
    from named_orders
    where email_hash is not null
),

linked as (
    select identifier, other_identifier, 'event' as evidence, min(first_seen_at) as first_seen_at
    from pairs
    group by identifier, other_identifier
    union all
    select identifier, other_identifier, evidence, min(named_at)
    from journeys.record_evidence
    where other_identifier is not null
    group by identifier, other_identifier, evidence
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

marked as (
    select
        linked.*,
        identifier in (select identifier from shared) as is_shared,
        other_identifier in (select identifier from shared) as is_other_shared
    from linked
)

select
    identifier,                 -- kind:value
    other_identifier,           -- kind:value; null in the row that says the identifier was seen
    evidence,                   -- event, order, contact, merge, ticket, deal, or seen
    first_seen_at,              -- UTC instant of the first row that names both; null: its time is not known
    is_shared,                  -- the identifier meets too many; null in the row that says it was seen
    is_other_shared,            -- the other one meets too many
    not is_shared and not is_other_shared as is_used,  -- false: an end is shared
from marked
union all
select distinct identifier, null, 'seen', cast(null as timestamp), null, null, false
from journeys.record_evidence
where evidence = 'seen'
