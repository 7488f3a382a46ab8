-- One row per touchpoint: a contact between a person and the shop, from the click-stream, the orders, a survey, the
-- help desk or the CRM's deals.
-- The stage is that of the first matching rule of journey.yaml; without one the touchpoint stays, without a stage.
-- Sessions: touchpoints on the site, split where the gap is strictly greater than the timeout; one that lasts longer
-- than the maximum is cut at each multiple of it. Events that no person caused neither open nor extend a session.
-- Screened people (bots, staff) have no touchpoint here, if journey.yaml says that they are left out.
-- key: touchpoint_id
with order_keys as (
    select order_id as order_key, order_id from staging.orders
    union
    select order_reference, order_id from staging.orders where order_reference is not null
),

contacts_on_site as (
    select
        'event:' || events.event_id as touchpoint_id,
        coalesce(customer.person_id, email.person_id, anonymous.person_id) as person_id,
        events.occurred_at,
        events.sequence,
        'events' as source,
        events.event_name,
        events.url_path,
        case
            when lower(events.campaign_medium) in ('email', 'e-mail', 'newsletter') then 'e-mail'
            when lower(events.campaign_medium) in ('cpc', 'ppc', 'paid', 'paidsearch', 'paid_search') then 'paid search'
            when lower(events.campaign_medium) in ('social', 'paid_social', 'paidsocial') then 'social'
            when lower(events.campaign_medium) in ('affiliate', 'display', 'banner') then lower(events.campaign_medium)
            when events.campaign_source is not null then 'other campaign'
            when regexp_matches(events.referrer_host, '(^|[.])(google|bing|duckduckgo|ecosia|qwant|yahoo)[.]')
                then 'organic search'
            when regexp_matches(
                events.referrer_host, '(^|[.])(facebook|instagram|pinterest|tiktok|youtube|linkedin|x|t)[.](com|co)$'
            ) then 'social'
            when events.referrer_host is not null then 'referral'
            else 'direct'
        end as channel,
        events.device,
        events.product_id,
        events.quantity,
        coalesce(events.value, events.price * coalesce(events.quantity, 1)) as value,
        events.cart_id,
        order_keys.order_id,
        events.error,
        events.campaign_name as campaign,
        events.payment_method,
        events.shipping,
        events.coupon,
        events.is_person_caused as is_on_site
    from staging.events as events
    left join journeys.identities as customer on customer.identifier = 'customer:' || events.customer_id
    left join journeys.identities as email on email.identifier = 'email:' || events.email_hash
    left join journeys.identities as anonymous on anonymous.identifier = 'anonymous:' || events.anonymous_id
    left join order_keys on events.order_id = order_keys.order_key
),

order_states as (
    select order_id, 'order placed' as state, ordered_at as occurred_at, net_revenue from staging.orders
    union all
    select order_id, 'order paid', paid_at, net_revenue from staging.orders where paid_at is not null
    union all
    select order_id, 'order shipped', shipped_at, net_revenue from staging.orders where shipped_at is not null
    union all
    select
        order_id, case when is_late then 'order delivered late' else 'order delivered' end, delivered_at, net_revenue
    from staging.orders
    where delivered_at is not null
    union all
    select order_id, 'order cancelled', cancelled_at, net_revenue from staging.orders where cancelled_at is not null
),

contacts_by_order as (
    select
        'order:' || states.order_id || ':' || states.state as touchpoint_id,
        identities.person_id,
        states.occurred_at,
        states.state as event_name,
        states.net_revenue,
        states.order_id
    from order_states as states
    inner join journeys.identities as identities on identities.identifier = 'order:' || states.order_id
),

contacts_by_survey as (
    select
        'answer:' || feedback.answer_id as touchpoint_id,
        coalesce(by_order.person_id, customer.person_id, email.person_id) as person_id,
        feedback.answered_at as occurred_at,
        feedback.survey as event_name,
        order_keys.order_id
    from staging.feedback as feedback
    left join order_keys on feedback.order_id = order_keys.order_key
    left join journeys.identities as by_order on by_order.identifier = 'order:' || order_keys.order_id
    left join journeys.identities as customer on customer.identifier = 'customer:' || feedback.customer_id
    left join journeys.identities as email on email.identifier = 'email:' || feedback.email_hash
    where feedback.answered_at is not null
),

ticket_states as (
    select ticket_id, 'ticket opened' as state, created_at as occurred_at, contact_id, customer_id, email_hash, order_id
    from staging.tickets
    union all
    select ticket_id, 'ticket solved', solved_at, contact_id, customer_id, email_hash, order_id
    from staging.tickets
    where solved_at is not null
),

contacts_by_ticket as (
    select
        'ticket:' || states.ticket_id || ':' || states.state as touchpoint_id,
        coalesce(by_order.person_id, customer.person_id, email.person_id, contact.person_id) as person_id,
        states.occurred_at,
        states.state as event_name,
        order_keys.order_id
    from ticket_states as states
    left join order_keys on states.order_id = order_keys.order_key
    left join journeys.identities as by_order on by_order.identifier = 'order:' || order_keys.order_id
    left join journeys.identities as customer on customer.identifier = 'customer:' || states.customer_id
    left join journeys.identities as email on email.identifier = 'email:' || states.email_hash
    left join journeys.identities as contact on contact.identifier = 'contact:' || states.contact_id
),

deal_states as (
    select
        deal_id, 'deal opened' as state, created_at as occurred_at, contact_id, customer_id, email_hash, amount,
        currency
    from staging.deals
    where created_at is not null
    union all
    select
        deal_id, case when is_won then 'deal won' else 'deal lost' end, closed_at, contact_id, customer_id, email_hash,
        amount, currency
    from staging.deals
    where closed_at is not null
),

contacts_by_deal as (
    select
        'deal:' || states.deal_id || ':' || states.state as touchpoint_id,
        coalesce(customer.person_id, email.person_id, contact.person_id) as person_id,
        states.occurred_at,
        states.state as event_name,
        case when coalesce(states.currency, shop.currency) = shop.currency then states.amount end as amount
    from deal_states as states
    cross join settings.shop as shop
    left join journeys.identities as customer on customer.identifier = 'customer:' || states.customer_id
    left join journeys.identities as email on email.identifier = 'email:' || states.email_hash
    left join journeys.identities as contact on contact.identifier = 'contact:' || states.contact_id
),

contacts as (
    select * from contacts_on_site
    union all
    select
        touchpoint_id, person_id, occurred_at, null, 'orders', event_name, null, 'order', null, null, null,
        net_revenue, null, order_id, null, null, null, null, null, false
    from contacts_by_order
    union all
    select
        touchpoint_id, person_id, occurred_at, null, 'feedback', event_name, null, 'survey', null, null, null,
        null, null, order_id, null, null, null, null, null, false
    from contacts_by_survey
    union all
    select
        touchpoint_id, person_id, occurred_at, null, 'tickets', event_name, null, 'support', null, null, null,
        null, null, order_id, null, null, null, null, null, false
    from contacts_by_ticket
    union all
    select
        touchpoint_id, person_id, occurred_at, null, 'deals', event_name, null, 'sales', null, null, null,
        amount, null, null, null, null, null, null, null, false
    from contacts_by_deal
),

-- Rules are matched once per kind of contact, not once per contact.
kinds as (
    select distinct source, event_name, coalesce(url_path, '') as url_path
    from contacts
),

matched as (
    select kinds.source, kinds.event_name, kinds.url_path, min(rules.rule_number) as rule_number
    from kinds
    inner join settings.touchpoint_rules as rules
        on
            (rules.source is null or rules.source = kinds.source)
            and (rules.event_name is null or rules.event_name = kinds.event_name)
            and (rules.url_pattern is null or kinds.url_path like rules.url_pattern)
    group by kinds.source, kinds.event_name, kinds.url_path
),

left_out as (
    select screened.person_id
    from journeys.screened_people as screened
    cross join settings.shop as shop
    where shop.leaves_out_screened
),

rules as (
    select distinct rule_number, touchpoint, stage, action
    from settings.touchpoint_rules
),

staged as (
    select
        contacts.*,
        rules.touchpoint,
        rules.stage,
        rules.action,
        stages.stage_position
    from contacts
    left join matched
        on
            contacts.source = matched.source
            and contacts.event_name = matched.event_name
            and coalesce(contacts.url_path, '') = matched.url_path
    left join rules on matched.rule_number = rules.rule_number
    left join settings.stages as stages on rules.stage = stages.stage
    where contacts.person_id is not null and contacts.person_id not in (select person_id from left_out)
),

gaps as (
    select
        staged.*,
        case
            when
                is_on_site
                and coalesce(
                    date_diff('microsecond', lag(occurred_at) over visit_order, occurred_at)
                    > shop.session_timeout_microseconds,
                    true
                )
                then 1
            else 0
        end as is_new_visit,
        shop.session_maximum_seconds
    from staged
    cross join settings.shop as shop
    window visit_order as (
        partition by person_id, is_on_site
        order by occurred_at, sequence nulls last, touchpoint_id
    )
),

visits as (
    select
        *,
        cast(sum(is_new_visit) over (
            partition by person_id, is_on_site
            order by occurred_at, sequence nulls last, touchpoint_id
            rows unbounded preceding
        ) as bigint) as visit_number
    from gaps
),

cut as (
    select
        *,
        cast(floor(
            date_diff('microsecond', min(occurred_at) over (partition by person_id, is_on_site, visit_number), occurred_at)
            / nullif(session_maximum_seconds * 1000000.0, 0)
        ) as bigint) as piece
    from visits
),

numbered as (
    select
        *,
        cast(dense_rank() over (partition by person_id, is_on_site order by visit_number, piece) as bigint) as session_number
    from cut
)

select
    touchpoint_id,              -- source and the source's id
    person_id,                  -- of journeys.people
    occurred_at,                -- UTC instant
    sequence,                   -- order of simultaneous touchpoints, where the source gives one
    source,                     -- events, orders, feedback, tickets or deals
    event_name,                 -- as the source names it
    touchpoint,                 -- name by the first matching rule; null: no rule matches
    stage,                      -- by the first matching rule; null: no stage
    stage_position,             -- of the stage on the map
    action,                     -- what it does to a cart, or how sessions count it
    channel,                    -- paid search, organic search, e-mail, social, referral, direct, order, survey, support, sales …
    device,                     -- desktop, mobile or tablet
    url_path,                   -- path of the page
    product_id,                 -- product or SKU
    quantity,                   -- pieces added or removed
    value,                      -- in the shop's currency
    cart_id,                    -- the source's id of the cart
    order_id,                   -- the order, by its number
    error,                      -- what went wrong, for errors
    campaign,                   -- utm_campaign
    payment_method,             -- chosen in the checkout
    shipping,                   -- shipping cost shown in the checkout, in the shop's currency
    coupon,                     -- coupon or voucher code
    is_on_site,                 -- belongs to a session
    case when is_on_site then person_id || '-' || session_number end as session_id,  -- of journeys.sessions
    case when is_on_site then session_number end as session_number,  -- 1 for the person's first session
from numbered
