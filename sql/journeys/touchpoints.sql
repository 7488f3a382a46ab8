-- One row per touchpoint: a contact between a person and the shop, from the click-stream, the orders, a survey, the
-- help desk or the CRM's deals.
-- Its name and stage are those of its kind (journeys.event_meanings); without a rule it stays, without a stage.
-- Channel and trigger are by rule: docs/definitions.md, "Channel", "Trigger".
-- A purchase event that is sent again for its order long after (staging.purchase_events) is no touchpoint.
-- Sessions: the visits of journeys.visits; one that lasts longer than the maximum is cut at each multiple of it.
-- What was done on a device of several people is each one's in spells (journeys.device_spells).
-- Simultaneous touchpoints follow the source's sequence, else their ids. Screened people (bots, staff) have no touchpoint here, if journey.yaml says that they are left out.
-- key: touchpoint_id
-- keyed by: person_id
-- within person_id: session_id
with everybodys as (
    select identifier, person_id, timestamp '0001-01-01' as owned_from, timestamp '9999-01-01' as owned_until
    from journeys.identities
    where not is_split
    union all
    select identifier, person_id, owned_from, owned_until from journeys.device_spells
),

whose as (
    select everybodys.identifier, everybodys.person_id, everybodys.owned_from, everybodys.owned_until
    from everybodys
    cross join settings.shop as shop
    left join journeys.screened_people as screened on everybodys.person_id = screened.person_id
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
        coalesce(traits.traits, '') as traits,
        events.referrer_host,
        events.campaign_source,
        events.campaign_medium,
        events.campaign_name,
        events.device,
        events.product_id,
        events.products,
        events.quantity,
        events.value,
        events.cart_id,
        events.order_id,
        events.error,
        events.payment_method,
        events.shipping,
        events.coupon,
        events.attributes,
        events.agent,
        outside.event_id is not null as is_from_outside,
        visits.visit_number,
        whole_periods(elapsed_seconds(visits.started_at, events.occurred_at), shop.session_maximum_seconds) as piece
    from staging.events as events
    inner join whose
        on
            events.identifier = whose.identifier
            and events.occurred_at >= whose.owned_from
            and events.occurred_at < whose.owned_until
    left join staging.event_traits as traits on events.event_id = traits.event_id
    left join staging.outside_referrals as outside on events.event_id = outside.event_id
    cross join settings.shop as shop
    left join staging.purchase_events as purchases
        on events.identifier = purchases.identifier and events.event_id = purchases.event_id and purchases.is_sent_again
    left join journeys.visits as visits
        on
            events.is_person_caused
            and whose.person_id = visits.person_id
            and whose.person_id = visits.unit_id
            and visits.is_chosen
            and events.occurred_at >= visits.started_at
            and events.occurred_at < visits.next_started_at
    where purchases.event_id is null
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
        clicks.traits,
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
            when is_ai_assistant(clicks.campaign_source) then 'AI assistant'
            when clicks.campaign_source is null and is_ai_assistant(clicks.referrer_host) then 'AI assistant'
            when lower(clicks.campaign_medium) = 'ai-assistant' then 'AI assistant'
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
        clicks.products,
        clicks.quantity,
        clicks.value,
        clicks.cart_id,
        order_keys.order_id,
        clicks.error,
        coalesce(clicks.campaign_name, clicks.campaign_source) as campaign,
        clicks.payment_method,
        clicks.shipping,
        clicks.coupon,
        clicks.attributes,
        clicks.agent,
        case
            when not clicks.is_person_caused then 'brand'
            when
                lower(clicks.campaign_medium) in ('organic', 'referral', 'ai-assistant', 'none', '(none)', '(not set)')
                or is_ai_assistant(clicks.campaign_source)
                then case when clicks.is_from_outside then 'outside' else 'customer' end
            when clicks.campaign_source is not null or clicks.campaign_medium is not null then 'brand'
            when clicks.is_from_outside then 'outside'
            else 'customer'
        end as led_by,
        clicks.is_person_caused as is_on_site,
        case
            when clicks.is_person_caused
                then
                    clicks.person_id || '-' || clicks.visit_number
                    || case when clicks.piece > 0 then '.' || clicks.piece else '' end
        end as session_id
    from clicks
    left join staging.order_keys as order_keys on clicks.order_id = order_keys.order_key
),

owned as (
    select
        record_owners.record_id, record_owners.kind, record_owners.row_id, record_owners.person_id,
        record_owners.identifier, record_owners.order_id
    from journeys.record_owners as record_owners
    cross join settings.shop as shop
    left join journeys.screened_people as screened on record_owners.person_id = screened.person_id
    where record_owners.person_id is not null and (screened.person_id is null or not shop.leaves_out_screened)
),

contacts as (
    select
        touchpoint_id, person_id, identifier, occurred_at, sequence, source, event_name, url_path, traits, channel, device,
        product_id, products, quantity, value, cart_id, order_id, error, campaign, payment_method, shipping, coupon,
        attributes, agent, led_by, is_on_site, session_id
    from contacts_by_event
    union all
    select
        case states.source
            when 'feedback' then 'answer:' || owned.row_id
            when 'invitations' then 'invitation:' || owned.row_id
            else owned.record_id || ':' || states.event_name
        end,
        owned.person_id,
        owned.identifier,
        states.occurred_at,
        null,
        states.source,
        states.event_name,
        null,
        '',
        states.channel,
        null, null, null, null, states.value, null, owned.order_id, null, null, null, null, null, null, null,
        states.triggered_by, false, null
    from owned
    inner join journeys.record_states as states on owned.record_id = states.record_id
),

-- How each session began.
session_channels as (
    select
        person_id,
        session_id,
        arg_min(channel, (occurred_at, coalesce(sequence, 9223372036854775807), touchpoint_id)) as channel
    from contacts
    where session_id is not null
    group by person_id, session_id
)

select
    contacts.touchpoint_id,     -- source and the source's id
    contacts.person_id,         -- of journeys.people
    contacts.identifier,        -- whose it is before stitching: the customer's, else the e-mail's, else the device's
    contacts.occurred_at,       -- UTC instant
    contacts.sequence,          -- order of simultaneous touchpoints, where the source gives one
    contacts.source,            -- events, orders, feedback (answers), invitations (to answer), tickets, deals or contacts
    contacts.event_name,        -- as the source names it
    meanings.touchpoint,        -- name by the first matching rule; null: no rule matches
    meanings.stage,             -- by the first matching rule; null: no stage
    meanings.stage_position,    -- of the stage on the map
    meanings.action,            -- what it does to a cart, or how sessions count it
    case
        when contacts.channel = 'direct' then coalesce(session_channels.channel, contacts.channel)
        else contacts.channel
    end as channel,             -- by rule: paid search, organic search, AI assistant, e-mail, social, direct, store, order …; what says nothing itself has its session's
    case
        when contacts.source = 'events' and not contacts.is_on_site and meanings.action is not null then 'customer'
        else contacts.led_by
    end as triggered_by,        -- by rule: customer, brand (campaign, e-mail, invitation …) or outside (review site, press)
    contacts.device,            -- desktop, mobile or tablet
    contacts.url_path,          -- path of the page
    contacts.product_id,        -- the product or SKU that it is about; null: none, or several
    contacts.products,          -- where it has several items, their products; staging.event_items has a row of each
    contacts.quantity,          -- pieces added or removed, of all its items
    contacts.value,             -- in the shop's currency; null: none, or not known
    contacts.cart_id,           -- the source's id of the cart
    contacts.order_id,          -- the order, by its number
    contacts.error,             -- what went wrong, for errors
    contacts.campaign,          -- utm_campaign, else utm_source
    contacts.payment_method,    -- chosen in the checkout
    contacts.shipping,          -- shipping cost shown in the checkout, in the shop's currency
    contacts.coupon,            -- coupon or voucher code
    contacts.attributes,        -- what its export says of the attributes that journey.yaml names
    contacts.agent,             -- the agent that acted for the person, as ChatGPT-User; null: none is known
    contacts.is_on_site,        -- belongs to a session
    contacts.session_id,        -- of journeys.sessions or journeys.quarantined_sessions; null off the site
from contacts
left join journeys.event_meanings as meanings
    on
        contacts.source = meanings.source
        and contacts.event_name = meanings.event_name
        and coalesce(contacts.url_path, '') = meanings.url_path
        and contacts.traits = meanings.traits
left join session_channels
    on contacts.person_id = session_channels.person_id and contacts.session_id = session_channels.session_id
