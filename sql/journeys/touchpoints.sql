-- One row per touchpoint: a contact between a person and the shop, from the click-stream, the orders, a survey, the
-- help desk or the CRM's deals.
-- The stage is that of the first matching rule of journey.yaml; without one the touchpoint stays, without a stage.
-- Sessions: touchpoints on the site, split where the gap is strictly greater than the timeout; one that lasts longer
-- than the maximum is cut at each multiple of it. If journey.yaml says so, a session is also cut at midnight of the shop
-- and where a touchpoint comes with another campaign than the last one the person came with. Events that no person
-- caused neither open nor extend a session. Simultaneous touchpoints follow the source's order, else their ids.
-- Screened people (bots, staff) have no touchpoint here, if journey.yaml says that they are left out.
-- key: touchpoint_id
-- keyed by: person_id
with whose as (
    select identities.identifier, identities.person_id
    from journeys.identities as identities
    cross join settings.shop as shop
    left join journeys.screened_people as screened on identities.person_id = screened.person_id
    where screened.person_id is null or not shop.leaves_out_screened
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
        events.coupon
    from staging.events as events
    inner join whose on events.identifier = whose.identifier
    where events.is_person_caused
),

-- One ordered pass says where a visit begins, a second which visit a touchpoint is in.
gaps as (
    select
        clicks.*,
        cast(row_number() over (
            partition by person_id order by occurred_at, sequence nulls last, event_id
        ) as bigint) as touchpoint_number,
        case
            when coalesce(
                date_diff('microsecond', lag(occurred_at) over in_time, occurred_at) > shop.session_timeout_microseconds,
                true
            )
                then 1
            when
                shop.cuts_sessions_at_midnight
                and cast((occurred_at at time zone 'UTC') at time zone shop.time_zone as date)
                <> cast(((lag(occurred_at) over in_time) at time zone 'UTC') at time zone shop.time_zone as date)
                then 1
            when
                shop.cuts_sessions_at_campaigns
                and coalesce(campaign_name, campaign_source) <> coalesce(
                    last_value(coalesce(campaign_name, campaign_source) ignore nulls) over (
                        partition by person_id order by occurred_at, sequence nulls last, event_id
                        rows between unbounded preceding and 1 preceding
                    ),
                    ''
                )
                then 1
            else 0
        end as is_new_visit,
        shop.session_maximum_seconds
    from clicks
    cross join settings.shop as shop
    window in_time as (partition by person_id order by occurred_at, sequence nulls last, event_id)
),

visits as (
    select
        gaps.*,
        cast(sum(is_new_visit) over so_far as bigint) as visit_number,
        max(case when is_new_visit = 1 then occurred_at end) over so_far as visit_started_at
    from gaps
    window so_far as (partition by person_id order by touchpoint_number rows unbounded preceding)
),

pieces as (
    select
        visits.*,
        cast(floor(
            date_diff('microsecond', visit_started_at, occurred_at) / nullif(session_maximum_seconds * 1000000.0, 0)
        ) as bigint) as piece
    from visits
),

clicks_in_sessions as (
    select
        person_id, identifier, occurred_at, is_person_caused,
        event_id, sequence, event_name, url_path, referrer_host, campaign_source, campaign_medium, campaign_name, device, product_id, quantity,
        price, value, cart_id, order_id, error, payment_method, shipping, coupon,
        touchpoint_number,
        person_id || '-' || visit_number || case when piece > 0 then '.' || piece else '' end as session_id
    from pieces
    union all
    select
        whose.person_id, events.identifier, events.occurred_at, events.is_person_caused,
        events.event_id, events.sequence, events.event_name, events.url_path, events.referrer_host, events.campaign_source, events.campaign_medium,
        events.campaign_name, events.device, events.product_id, events.quantity, events.price, events.value, events.cart_id,
        events.order_id, events.error, events.payment_method, events.shipping, events.coupon,
        null, null
    from staging.events as events
    inner join whose on events.identifier = whose.identifier
    where not events.is_person_caused
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
            else 'direct'
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
        clicks.session_id,
        clicks.touchpoint_number
    from clicks_in_sessions as clicks
    left join staging.order_keys as order_keys on clicks.order_id = order_keys.order_key
),

owned as (
    select owned_rows.kind, owned_rows.row_id, owned_rows.person_id, owned_rows.identifier, owned_rows.order_id
    from journeys.owned_rows as owned_rows
    cross join settings.shop as shop
    left join journeys.screened_people as screened on owned_rows.person_id = screened.person_id
    where owned_rows.person_id is not null and (screened.person_id is null or not shop.leaves_out_screened)
),

states as (
    select 'order' as kind, order_id as row_id, 'order placed' as state, ordered_at as occurred_at, net_revenue as value
    from staging.orders
    union all
    select 'order', order_id, 'order paid', paid_at, net_revenue from staging.orders where paid_at is not null
    union all
    select 'order', order_id, 'order shipped', shipped_at, net_revenue from staging.orders where shipped_at is not null
    union all
    select
        'order', order_id, case when is_late then 'order delivered late' else 'order delivered' end, delivered_at,
        net_revenue
    from staging.orders
    where delivered_at is not null
    union all
    select 'order', order_id, 'order cancelled', cancelled_at, net_revenue
    from staging.orders
    where cancelled_at is not null
    union all
    select 'ticket', ticket_id, 'ticket opened', created_at, null from staging.tickets
    union all
    select 'ticket', ticket_id, 'ticket solved', solved_at, null from staging.tickets where solved_at is not null
    union all
    select
        'deal', deal_id, 'deal opened', created_at,
        case when coalesce(deals.currency, shop.currency) = shop.currency then amount end
    from staging.deals as deals
    cross join settings.shop as shop
    where created_at is not null
    union all
    select
        'deal', deal_id, case when is_won then 'deal won' else 'deal lost' end, closed_at,
        case when coalesce(deals.currency, shop.currency) = shop.currency then amount end
    from staging.deals as deals
    cross join settings.shop as shop
    where closed_at is not null
    union all
    select 'answer', answer_id, survey, answered_at, null from staging.feedback where answered_at is not null
),

contacts as (
    select
        touchpoint_id, person_id, identifier, occurred_at, sequence, source, event_name, url_path, channel, device,
        product_id, quantity, value, cart_id, order_id, error, campaign, payment_method, shipping, coupon, is_on_site,
        session_id, touchpoint_number
    from contacts_by_event
    union all
    select
        case when owned.kind = 'answer' then 'answer:' || owned.row_id
        else owned.kind || ':' || owned.row_id || ':' || states.state end,
        owned.person_id,
        owned.identifier,
        states.occurred_at,
        null,
        case owned.kind
            when 'order' then 'orders' when 'ticket' then 'tickets' when 'deal' then 'deals' else 'feedback'
        end,
        states.state,
        null,
        case owned.kind
            when 'order' then 'order' when 'ticket' then 'support' when 'deal' then 'sales' else 'survey'
        end,
        null, null, null, states.value, null, owned.order_id, null, null, null, null, null, false, null, null
    from owned
    inner join states on owned.kind = states.kind and owned.row_id = states.row_id
),

-- Rules are matched once per kind of contact, not once per contact.
kinds as (
    select distinct 'events' as source, event_name, coalesce(url_path, '') as url_path from staging.events
    union all
    select distinct
        case kind when 'order' then 'orders' when 'ticket' then 'tickets' when 'deal' then 'deals' else 'feedback' end,
        state,
        ''
    from states
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
    contacts.source,            -- events, orders, feedback, tickets or deals
    contacts.event_name,        -- as the source names it
    placed.touchpoint,          -- name by the first matching rule; null: no rule matches
    placed.stage,               -- by the first matching rule; null: no stage
    placed.stage_position,      -- of the stage on the map
    placed.action,              -- what it does to a cart, or how sessions count it
    contacts.channel,           -- paid search, organic search, e-mail, social, referral, direct, order, survey, support, sales …
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
    contacts.session_id,        -- of journeys.sessions or journeys.runaway_sessions; null off the site
    contacts.touchpoint_number, -- order among the person's touchpoints on the site, 1 for the first; null off the site
from contacts
left join placed
    on
        contacts.source = placed.source
        and contacts.event_name = placed.event_name
        and coalesce(contacts.url_path, '') = placed.url_path
