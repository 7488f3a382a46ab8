-- One row per identifier that tells whose an order, answer, ticket, deal or contact is, the first one first.
-- An order says so itself. An answer or ticket is that of the order it names, else the customer's, else the e-mail's
-- (else the CRM contact's); a deal the customer's, else the e-mail's, else the contact's.
-- key: record_id, preference
-- keyed by: record_id
-- linked by: order_key
with records as (
    select
        'order' as kind, order_id as row_id, record_id, order_id as order_key, anonymous_id, customer_id, email_hash,
        cast(null as text) as contact_id
    from staging.orders
    union all
    select 'answer', answer_id, record_id, order_id, null, customer_id, email_hash, null from staging.feedback
    union all
    select 'ticket', ticket_id, record_id, order_id, null, customer_id, email_hash, contact_id from staging.tickets
    union all
    select 'deal', deal_id, record_id, null, null, customer_id, email_hash, contact_id from staging.deals
    union all
    select 'contact', contact_id, record_id, null, null, null, null, contact_id from staging.contacts
),

known_identifiers as (
    select
        records.kind, records.row_id, records.record_id, records.order_key, records.anonymous_id,
        records.customer_id, records.email_hash,
        records.contact_id, order_keys.order_id
    from records
    left join staging.order_keys as order_keys on records.order_key = order_keys.order_key
)

select
    record_id,                  -- kind:row_id
    kind,                       -- order, answer, ticket, deal or contact
    row_id,                     -- of the table in staging
    order_key,                  -- the order it is or names, as it says
    order_id,                   -- the order that this means; null: none is known
    1 as preference,            -- 1: the first that counts
    'order:' || order_id as identifier,  -- kind:value; null: it names no order, or none that is known
from known_identifiers
union all
select record_id, kind, row_id, order_key, order_id, 2, 'customer:' || customer_id
from known_identifiers
where customer_id is not null
union all
select record_id, kind, row_id, order_key, order_id, 3, 'email:' || email_hash
from known_identifiers
where email_hash is not null
union all
select record_id, kind, row_id, order_key, order_id, 4, 'contact:' || contact_id
from known_identifiers
where contact_id is not null
union all
select record_id, kind, row_id, order_key, order_id, 5, 'anonymous:' || anonymous_id
from known_identifiers
where anonymous_id is not null
