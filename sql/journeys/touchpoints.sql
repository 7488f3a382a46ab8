-- One row per touchpoint: a contact between a person and the shop, from the click-stream, the orders, a survey, the
-- help desk or the CRM's deals.
-- The stage is that of the first matching rule of journey.yaml; without one the touchpoint stays, without a stage.
-- The channel is by rule: docs/definitions.md, "Channel". An order's state without an instant is no touchpoint.
-- Sessions: touchpoints on the site, split where the gap is strictly greater than the timeout; one that lasts longer
-- than the maximum is cut at each multiple of it. If journey.yaml says so, a session is also cut at midnight of the shop
-- and where a touchpoint comes with another campaign than the last one the person came with; touchpoints of one instant
-- are never cut apart. Events that no person caused neither open nor extend a session.
-- Simultaneous touchpoints follow the source's sequence, else their ids. Screened people (bots, staff) have no touchpoint here, if journey.yaml says that they are left out.
-- key: touchpoint_id
-- keyed by: person_id
-- within person_id: session_id
-- across person_id: kinds
with whose as (
    select identities.identifier, identities.person_id
    from journeys.identities as identities
    cross join settings.shop as shop
    left join journeys.screened_people as screened on identities.person_id = screened.person_id
    where screened.person_id is null or not shop.leaves_out_screened
),

instants as (
    select
        whose.person_id,
        events.occurred_at,
        case
            when shop.cuts_sessions_at_campaigns then coalesce(events.campaign_name, events.campaign_source)
        end as campaign
    from staging.events as events
    inner join whose on events.identifier = whose.identifier
    cross join settings.shop as shop
    where events.is_person_caused
),

gaps as (
    select
        person_id,
        occurred_at,
        campaign,
        lag(occurred_at) over in_time as previous_at,
        last_value(campaign ignore nulls) over (
            partition by person_id order by occurred_at, campaign nulls last
            rows between unbounded preceding and 1 preceding
        ) as previous_campaign
    from instants
    window in_time as (partition by person_id order by occurred_at, campaign nulls last)
),

-- Touchpoints of one instant are in one visit.
visit_starts as (
    select distinct gaps.person_id, gaps.occurred_at
    from gaps
    cross join settings.shop as shop
    where
        gaps.previous_at is null
        or elapsed_seconds(gaps.previous_at, gaps.occurred_at) > shop.session_timeout_seconds
        or (
            shop.cuts_sessions_at_midnight
            and shop_day(gaps.previous_at, shop.time_zone) <> shop_day(gaps.occurred_at, shop.time_zone)
        )
        or gaps.campaign <> coalesce(gaps.previous_campaign, '')
),

visits as (
    select
        person_id,
        occurred_at as started_at,
        coalesce(lead(occurred_at) over in_time, timestamp '9999-01-01') as next_started_at,
        cast(row_number() over (partition by person_id order by occurred_at) as bigint) as visit_number
    from visit_starts
    window in_time as (partition by person_id order by occurred_at)
),

clicks as (
    select
        whose.person_id,
        events.identifier,
        events.occurred_at,
        events.is_person_caused,
        events.event_id,
        events.sequence,
        events.event_name,
        events.url_path,
        events.referrer_host,
        events.campaign_source,
        events.campaign_medium,
        events.campaign_name,
        events.device,
        events.product_id,
        events.quantity,
        events.price,
        events.value,
        events.cart_id,
        events.order_id,
        events.error,
        events.payment_method,
        events.shipping,
        events.coupon,
        visits.visit_number,
        whole_periods(elapsed_seconds(visits.started_at, events.occurred_at), shop.session_maximum_seconds) as piece
    from staging.events as events
    inner join whose on events.identifier = whose.identifier
    cross join settings.shop as shop
    left join visits
        on
            events.is_person_caused
            and whose.person_id = visits.person_id
            and events.occurred_at >= visits.started_at
            and events.occurred_at < visits.next_started_at
),

contacts_by_event as (
    select
        'event:' || clicks.event_id as touchpoint_id,
        clicks.person_id,
        clicks.identifier,
        clicks.occurred_at,
        clicks.sequence,
        'events' as source,
        clicks.event_name,
        clicks.url_path,
        case
            when lower(clicks.campaign_medium) in ('email', 'e-mail', 'newsletter') then 'e-mail'
            when
                not clicks.is_person_caused
                and regexp_matches(lower(clicks.event_name), 'e-?mail|newsletter')
                and regexp_matches(lower(clicks.event_name), 'send|sent|delivered|bounced')
                then 'e-mail'
            when lower(clicks.campaign_medium) in ('cpc', 'ppc', 'paid', 'paidsearch', 'paid_search') then 'paid search'
            when lower(clicks.campaign_medium) in ('social', 'paid_social', 'paidsocial') then 'social'
            when lower(clicks.campaign_medium) in ('affiliate', 'display', 'banner') then lower(clicks.campaign_medium)
            when clicks.campaign_source is not null then 'other campaign'
            when regexp_matches(clicks.referrer_host, '(^|[.])(google|bing|duckduckgo|ecosia|qwant|yahoo)[.]')
                then 'organic search'
            when regexp_matches(
                clicks.referrer_host, '(^|[.])(facebook|instagram|pinterest|tiktok|youtube|linkedin|x|t)[.](com|co)$'
            ) then 'social'
            when clicks.referrer_host is not null then 'referral'
            when clicks.is_person_caused then 'direct'
            when order_keys.order_id is not null then 'order'
            else 'shop'
        end as channel,
        clicks.device,
        clicks.product_id,
        clicks.quantity,
        coalesce(clicks.value, clicks.price * coalesce(clicks.quantity, 1)) as value,
        clicks.cart_id,
        order_keys.order_id,
        clicks.error,
        coalesce(clicks.campaign_name, clicks.campaign_source) as campaign,
        clicks.payment_method,
        clicks.shipping,
        clicks.coupon,
        clicks.is_person_caused as is_on_site,
        case
            when clicks.is_person_caused
                then clicks.person_id || '-' || clicks.visit_number
                    || case when clicks.piece > 0 then '.' || clicks.piece else '' end
        end as session_id
    from clicks
    left join staging.order_keys as order_keys on clicks.order_id = order_keys.order_key
),

owned as (
    select record_owners.kind, record_owners.row_id, record_owners.person_id, record_owners.identifier, record_owners.order_id
    from journeys.record_owners as record_owners
    cross join settings.shop as shop
    left join journeys.screened_people as screened on record_owners.person_id = screened.person_id
    where record_owners.person_id is not null and (screened.person_id is null or not shop.leaves_out_screened)
),

states as (
    select
        'order' as kind,
        order_id as row_id,
        'orders' as source,
        'order placed' as state,
        ordered_at as occurred_at,
        net_revenue as value,
        case when sales_channel = 'store' then 'store' else 'order' end as channel
    from staging.orders
    union all
    select 'order', order_id, 'orders', 'order paid', paid_at, net_revenue, 'order'
    from staging.orders
    where paid_at is not null
    union all
    select 'order', order_id, 'orders', 'order shipped', shipped_at, net_revenue, 'order'
    from staging.orders
    where shipped_at is not null
    union all
    select
        'order', order_id, 'orders', case when is_late then 'order delivered late' else 'order delivered' end,
        delivered_at, net_revenue, 'order'
    from staging.orders
    where delivered_at is not null
    union all
    select 'order', order_id, 'orders', 'order cancelled', cancelled_at, net_revenue, 'order'
    from staging.orders
    where cancelled_at is not null
    union all
    select 'order', order_id, 'orders', 'order refunded', refunded_at, nullif(refunded, 0), 'order'
    from staging.orders
    where refunded_at is not null
    union all
    select 'order', order_id, 'orders', 'order returned', returned_at, null, 'order'
    from staging.orders
    where returned_at is not null
    union all
    select 'ticket', ticket_id, 'tickets', 'ticket opened', created_at, null, 'support' from staging.tickets
    union all
    select 'ticket', ticket_id, 'tickets', 'ticket solved', solved_at, null, 'support'
    from staging.tickets
    where solved_at is not null
    union all
    select
        'deal', deal_id, 'deals', 'deal opened', created_at,
        case when coalesce(deals.currency, shop.currency) = shop.currency then amount end, 'sales'
    from staging.deals as deals
    cross join settings.shop as shop
    where created_at is not null
    union all
    select
        'deal', deal_id, 'deals', case when is_won then 'deal won' else 'deal lost' end, closed_at,
        case when coalesce(deals.currency, shop.currency) = shop.currency then amount end, 'sales'
    from staging.deals as deals
    cross join settings.shop as shop
    where closed_at is not null
    union all
    select 'answer', answer_id, 'feedback', survey, answered_at, null, 'survey'
    from staging.feedback
    where answered_at is not null
    union all
    select 'answer', answer_id, 'invitations', 'survey asked', asked_at, null, 'survey'
    from staging.feedback
    where asked_at is not null
),

contacts as (
    select
        touchpoint_id, person_id, identifier, occurred_at, sequence, source, event_name, url_path, channel, device,
        product_id, quantity, value, cart_id, order_id, error, campaign, payment_method, shipping, coupon, is_on_site,
        session_id
    from contacts_by_event
    union all
    select
        case states.source
            when 'feedback' then 'answer:' || owned.row_id
            when 'invitations' then 'invitation:' || owned.row_id
            else owned.kind || ':' || owned.row_id || ':' || states.state
        end,
        owned.person_id,
        owned.identifier,
        states.occurred_at,
        null,
        states.source,
        states.state,
        null,
        states.channel,
        null, null, null, states.value, null, owned.order_id, null, null, null, null, null, false, null
    from owned
    inner join states on owned.kind = states.kind and owned.row_id = states.row_id
),

-- Rules are matched once per kind of contact, not once per contact.
kinds as (
    select distinct 'events' as source, event_name, coalesce(url_path, '') as url_path from staging.events
    union all
    select distinct source, state, '' from states
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

rules as (
    select distinct rule_number, touchpoint, stage, action
    from settings.touchpoint_rules
),

placed as (
    select
        matched.source, matched.event_name, matched.url_path, rules.touchpoint, rules.stage, rules.action,
        stages.stage_position
    from matched
    inner join rules on matched.rule_number = rules.rule_number
    left join settings.stages as stages on rules.stage = stages.stage
)

select
    contacts.touchpoint_id,     -- source and the source's id
    contacts.person_id,         -- of journeys.people
    contacts.identifier,        -- whose it is before stitching: the customer's, else the e-mail's, else the device's
    contacts.occurred_at,       -- UTC instant
    contacts.sequence,          -- order of simultaneous touchpoints, where the source gives one
    contacts.source,            -- events, orders, feedback (answers), invitations (to answer), tickets or deals
    contacts.event_name,        -- as the source names it
    placed.touchpoint,          -- name by the first matching rule; null: no rule matches
    placed.stage,               -- by the first matching rule; null: no stage
    placed.stage_position,      -- of the stage on the map
    placed.action,              -- what it does to a cart, or how sessions count it
    contacts.channel,           -- by rule: paid search, organic search, e-mail, social, direct, store, order, support …
    contacts.device,            -- desktop, mobile or tablet
    contacts.url_path,          -- path of the page
    contacts.product_id,        -- product or SKU
    contacts.quantity,          -- pieces added or removed
    contacts.value,             -- in the shop's currency
    contacts.cart_id,           -- the source's id of the cart
    contacts.order_id,          -- the order, by its number
    contacts.error,             -- what went wrong, for errors
    contacts.campaign,          -- utm_campaign, else utm_source
    contacts.payment_method,    -- chosen in the checkout
    contacts.shipping,          -- shipping cost shown in the checkout, in the shop's currency
    contacts.coupon,            -- coupon or voucher code
    contacts.is_on_site,        -- belongs to a session
    contacts.session_id,        -- of journeys.sessions or journeys.quarantined_sessions; null off the site
from contacts
left join placed
    on
        contacts.source = placed.source
        and contacts.event_name = placed.event_name
        and coalesce(contacts.url_path, '') = placed.url_path
