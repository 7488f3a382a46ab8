-- One row per state that an order, ticket, deal or survey came to at a known instant: what journeys.touchpoints has
-- beside the click-stream. A state without an instant has no row. A contact that the CRM got to know is a touchpoint (a lead) where
-- journey.yaml has a rule for `source: contacts`: elsewhere the CRM holds who ordered anyway.
-- key: record_id, source, event_name
-- keyed by: record_id
with states as (
    select
        record_id,
        'orders' as source,
        'order placed' as event_name,
        ordered_at as occurred_at,
        net_revenue as value,
        case sales_channel
            when 'till' then 'store'
            when 'phone' then 'phone'
            when 'marketplace' then 'marketplace'
            else 'order'
        end as channel,
        'customer' as triggered_by
    from staging.orders
    union all
    select record_id, 'orders', 'order paid', paid_at, net_revenue, 'order', 'customer' from staging.orders
    union all
    select record_id, 'orders', 'order shipped', shipped_at, net_revenue, 'order', 'brand' from staging.orders
    union all
    select
        record_id, 'orders', case when is_late then 'order delivered late' else 'order delivered' end,
        delivered_at, net_revenue, 'order', 'brand'
    from staging.orders
    union all
    -- Who cancelled is not said: as a rule it is the customer.
    select record_id, 'orders', 'order cancelled', cancelled_at, net_revenue, 'order', 'customer' from staging.orders
    union all
    select
        record_id, 'orders', 'order refunded', refunded_at, in_shop_currency(nullif(refunded, 0), rate), 'order',
        'brand'
    from staging.orders
    union all
    select record_id, 'orders', 'order returned', returned_at, null, 'order', 'customer' from staging.orders
    union all
    select record_id, 'tickets', 'ticket opened', created_at, null, 'support', 'customer' from staging.tickets
    union all
    select record_id, 'tickets', 'ticket solved', solved_at, null, 'support', 'brand' from staging.tickets
    union all
    select
        record_id, 'deals', 'deal opened', created_at, value, 'sales', 'brand'
    from staging.deals
    union all
    select
        record_id, 'deals', case when is_won then 'deal won' else 'deal lost' end, closed_at, value, 'sales',
        'customer'
    from staging.deals
    union all
    select record_id, 'contacts', 'contact created', created_at, null, 'sales', 'customer'
    from staging.contacts
    where exists (select 1 from settings.touchpoint_rules as rules where rules.source = 'contacts')
    union all
    select
        record_id, 'feedback', survey, answered_at, null, 'survey', case when asked_at is null then 'customer' else 'brand' end
    from staging.feedback
    union all
    select record_id, 'invitations', 'survey asked', asked_at, null, 'survey', 'brand' from staging.feedback
)

select
    record_id,                  -- the order, ticket, deal, contact or answer, as journeys.record_owners names it
    source,                     -- orders, tickets, deals, contacts, feedback (answers) or invitations (to answer)
    event_name,                 -- the state; of an answer: its survey
    occurred_at,                -- UTC instant
    value,                      -- net revenue, refund or amount of the deal, in the shop's currency
    channel,                    -- store, phone, marketplace, order, support, sales or survey
    triggered_by,               -- customer, or brand: what the shop did, and the answer to its invitation
from states
where occurred_at is not null
