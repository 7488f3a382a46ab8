-- One row per order, answer, ticket, deal and contact, and per order that somebody's events name: whose it is.
-- An order is the person's whom its identifiers say. An answer or ticket is that of the order it names, else the
-- customer's, else the e-mail's (else the CRM contact's); a deal the customer's, else the e-mail's, else the contact's.
-- The content's hash is here so that a table keyed by person sees when a row of its people has changed: such a table reads
-- orders, answers, tickets, deals and contacts together with this one.
-- key: kind, row_id
with named_orders as (
    select distinct traces.identifier, order_keys.order_key, order_keys.order_id
    from journeys.traces as traces
    inner join staging.order_keys as order_keys on traces.order_key = order_keys.order_key
),

named as (
    select
        'order' as kind,
        orders.order_id as row_id,
        orders.order_id,
        case
            when orders.customer_id is not null then 'customer:' || orders.customer_id
            when orders.email_hash is not null then 'email:' || orders.email_hash
        end as own_identifier,
        'order:' || orders.order_id as first_identifier,
        cast(null as text) as second_identifier,
        cast(null as text) as third_identifier,
        cast(null as text) as fourth_identifier,
        md5(concat_ws(
            '|',
            coalesce(cast(orders.ordered_at as text), ''),
            coalesce(cast(orders.ordered_on as text), ''),
            coalesce(cast(orders.paid_at as text), ''),
            coalesce(cast(orders.shipped_at as text), ''),
            coalesce(cast(orders.delivered_at as text), ''),
            coalesce(cast(orders.promised_on as text), ''),
            coalesce(cast(orders.cancelled_at as text), ''),
            coalesce(cast(orders.refunded_at as text), ''),
            coalesce(cast(orders.returned_at as text), ''),
            coalesce(cast(orders.sales_channel as text), ''),
            coalesce(cast(orders.status as text), ''),
            coalesce(cast(orders.payment_method as text), ''),
            coalesce(cast(orders.line_count as text), ''),
            coalesce(cast(orders.total as text), ''),
            coalesce(cast(orders.refunded as text), ''),
            coalesce(cast(orders.net_revenue as text), ''),
            coalesce(cast(orders.is_late as text), ''),
            coalesce(cast(orders.is_cancelled as text), ''),
            coalesce(cast(orders.is_fully_refunded as text), '')
        )) as content
    from staging.orders as orders
    union all
    select
        'answer',
        surveyed.answer_id,
        order_keys.order_id,
        null,
        'order:' || order_keys.order_id,
        'customer:' || surveyed.customer_id,
        'email:' || surveyed.email_hash,
        null,
        md5(concat_ws(
            '|',
            coalesce(cast(surveyed.survey as text), ''),
            coalesce(cast(surveyed.asked_at as text), ''),
            coalesce(cast(surveyed.answered_at as text), ''),
            coalesce(cast(surveyed.score as text), ''),
            coalesce(cast(surveyed.score_of_10 as text), ''),
            coalesce(cast(surveyed.is_satisfied as text), '')
        ))
    from staging.feedback as surveyed
    left join staging.order_keys as order_keys on surveyed.order_id = order_keys.order_key
    union all
    select
        'ticket',
        tickets.ticket_id,
        order_keys.order_id,
        null,
        'order:' || order_keys.order_id,
        'customer:' || tickets.customer_id,
        'email:' || tickets.email_hash,
        'contact:' || tickets.contact_id,
        md5(concat_ws(
            '|',
            coalesce(cast(tickets.created_at as text), ''),
            coalesce(cast(tickets.first_reply_at as text), ''),
            coalesce(cast(tickets.solved_at as text), ''),
            coalesce(cast(tickets.status as text), ''),
            coalesce(cast(tickets.category as text), ''),
            coalesce(cast(tickets.priority as text), ''),
            coalesce(cast(tickets.channel as text), '')
        ))
    from staging.tickets as tickets
    left join staging.order_keys as order_keys on tickets.order_id = order_keys.order_key
    union all
    select
        'deal',
        deals.deal_id,
        null,
        null,
        null,
        'customer:' || deals.customer_id,
        'email:' || deals.email_hash,
        'contact:' || deals.contact_id,
        md5(concat_ws(
            '|',
            coalesce(cast(deals.created_at as text), ''),
            coalesce(cast(deals.closed_at as text), ''),
            coalesce(cast(deals.pipeline as text), ''),
            coalesce(cast(deals.stage as text), ''),
            coalesce(cast(deals.is_won as text), ''),
            coalesce(cast(deals.amount as text), ''),
            coalesce(cast(deals.currency as text), '')
        ))
    from staging.deals as deals
    union all
    select
        'contact',
        contacts.contact_id,
        null,
        null,
        'contact:' || contacts.contact_id,
        null,
        null,
        null,
        md5(concat_ws(
            '|',
            coalesce(cast(contacts.customer_id as text), ''),
            coalesce(cast(contacts.created_at as text), ''),
            coalesce(cast(contacts.country as text), ''),
            coalesce(cast(contacts.city as text), ''),
            coalesce(cast(contacts.lifecycle_stage as text), ''),
            coalesce(cast(contacts.lead_status as text), ''),
            coalesce(cast(contacts.lead_source as text), ''),
            coalesce(cast(contacts.marketing_status as text), '')
        ))
    from staging.contacts as contacts
    union all
    select
        'named order', identifier || ' ' || order_key, order_id, null, identifier, null, null, null, order_id
    from named_orders
)

select
    named.kind,                 -- order, answer, ticket, deal, contact, or named order
    named.row_id,               -- of the table in staging; of a named order: who names it, and how
    coalesce(first_known.person_id, second_known.person_id, third_known.person_id, fourth_known.person_id)
        as person_id,           -- of journeys.people; null: nobody known
    coalesce(
        named.own_identifier,
        case when second_known.person_id is not null then named.second_identifier end,
        case when third_known.person_id is not null then named.third_identifier end,
        case when fourth_known.person_id is not null then named.fourth_identifier end,
        named.first_identifier
    ) as identifier,            -- whose it is before stitching: the customer's, else the e-mail's, else its own
    named.order_id,             -- the order it is or names, where that order is known
    named.content,              -- hash of what the row says
from named
left join journeys.identities as first_known
    on named.first_identifier = first_known.identifier and first_known.has_evidence
left join journeys.identities as second_known
    on named.second_identifier = second_known.identifier and second_known.has_evidence
left join journeys.identities as third_known
    on named.third_identifier = third_known.identifier and third_known.has_evidence
left join journeys.identities as fourth_known
    on named.fourth_identifier = fourth_known.identifier and fourth_known.has_evidence
