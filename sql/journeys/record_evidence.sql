-- One row per pair of identifiers that an order, a CRM row, a ticket or a deal names together, and per identifier that
-- one of these or a survey answer names at all; of an order, per name that it goes by.
-- Blocked values (empty, null, 0, anonymous, all zeros or dashes …) are no identifier.
-- The click-stream's pairs are made from journeys.traces by journeys.identity_evidence.
-- key: identifier, other_identifier, evidence, order_key
with records as (
    select
        'order' as evidence, 'order:' || order_id as own_identifier, customer_id, email_hash, ordered_at as named_at
    from staging.orders
    union all
    select 'contact', 'contact:' || contact_id, customer_id, email_hash, created_at from raw.contacts
    union all
    select 'ticket', 'contact:' || contact_id, customer_id, email_hash, created_at from staging.tickets
    union all
    select 'deal', 'contact:' || contact_id, customer_id, email_hash, created_at from staging.deals
    union all
    select 'feedback', null, customer_id, email_hash, answered_at from staging.feedback
),

named as (
    select
        own_identifier as identifier, 'customer:' || customer_id as other_identifier, evidence,
        cast(null as text) as order_key, named_at
    from records
    where own_identifier is not null and customer_id is not null
    union all
    select own_identifier, 'email:' || email_hash, evidence, null, named_at
    from records
    where own_identifier is not null and email_hash is not null
    union all
    select 'customer:' || customer_id, 'email:' || email_hash, evidence, null, named_at
    from records
    where evidence <> 'feedback' and customer_id is not null and email_hash is not null
    union all
    select 'order:' || order_id, null, 'seen', order_key, null from staging.order_keys
    union all
    select own_identifier, null, 'seen', null, null
    from records
    where evidence <> 'order' and own_identifier is not null
    union all
    select 'customer:' || customer_id, null, 'seen', null, null
    from records
    where evidence not in ('order', 'contact') and customer_id is not null
    union all
    select 'email:' || email_hash, null, 'seen', null, null
    from records
    where evidence not in ('order', 'contact') and email_hash is not null
)

select
    identifier,                 -- kind:value
    other_identifier,           -- kind:value; null in the row that says the identifier was seen
    evidence,                   -- order, contact, ticket, deal, or seen
    order_key,                  -- where an order was seen: its number, or the other id that events may use
    min(named_at) as first_seen_at,  -- UTC instant of the first row that names both; null: its time is not known
from named
where
    not regexp_matches(
        lower(identifier), '^[a-z]+:( *|null|none|nan|undefined|unknown|anonymous|guest|-1|[0-]+)$'
    )
    and not regexp_matches(
        lower(coalesce(other_identifier, '')), '^[a-z]+:( *|null|none|nan|undefined|unknown|anonymous|guest|-1|[0-]+)$'
    )
group by identifier, other_identifier, evidence, order_key
