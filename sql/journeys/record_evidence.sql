-- One row per pair of identifiers that an order, a CRM contact (one that was merged into it, too), a ticket or a deal
-- names together, and per identifier that one of these or a survey answer names at all.
-- The click-stream's pairs are made from journeys.identifier_activity by journeys.identity_evidence.
-- keyed by: record_id
with records as (
    select
        'order' as evidence, record_id, own_identifier, customer_id, email_hash, ordered_at as named_at
    from staging.orders
    union all
    select 'contact', record_id, own_identifier, customer_id, email_hash, created_at from staging.contact_names
    union all
    select 'ticket', record_id, 'contact:' || contact_id, customer_id, email_hash, created_at from staging.tickets
    union all
    select 'deal', record_id, 'contact:' || contact_id, customer_id, email_hash, created_at from staging.deals
    union all
    select 'feedback', record_id, null, customer_id, email_hash, answered_at from staging.feedback
),

named_identifiers as (
    select
        record_id, own_identifier as identifier, 'customer:' || customer_id as other_identifier, evidence, named_at
    from records
    where own_identifier is not null and customer_id is not null
    union all
    select record_id, own_identifier, 'email:' || email_hash, evidence, named_at
    from records
    where own_identifier is not null and email_hash is not null
    union all
    select record_id, 'customer:' || customer_id, 'email:' || email_hash, evidence, named_at
    from records
    where evidence <> 'feedback' and customer_id is not null and email_hash is not null
    union all
    select record_id, own_identifier, 'contact:' || merged_contact_id, 'merge', merged_at
    from staging.contact_merges
    where own_identifier is not null
    union all
    select record_id, own_identifier, null, 'seen', null
    from records
    where own_identifier is not null
    union all
    select record_id, 'customer:' || customer_id, null, 'seen', null
    from records
    where evidence not in ('order', 'contact') and customer_id is not null
    union all
    select record_id, 'email:' || email_hash, null, 'seen', null
    from records
    where evidence not in ('order', 'contact') and email_hash is not null
)

select
    record_id,                  -- the order, contact, ticket, deal or answer, as journeys.record_owners names it
    identifier,                 -- kind:value
    other_identifier,           -- kind:value; null in the row that says the identifier was seen
    evidence,                   -- order, contact, merge, ticket, deal, or seen
    named_at,                   -- UTC instant of the record; null: its time is not known
from named_identifiers
