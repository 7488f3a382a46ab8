-- One row per click-stream event that says that an order was placed, refunded or cancelled.
-- Placed: its first matching rule of journey.yaml has the action `purchase`. Refunded, cancelled: by the names that GA4 and
-- Segment give such events. A purchase event without an order's id stands for an order of its own.
-- One that is sent again for its order later than a session lasts (a tab that is restored, a page of thanks opened from
-- an e-mail) says nothing new: it opens no session (journeys.visits).
-- key: event_id
-- keyed by: identifier
-- within identifier: event_id
with placing_kinds as (
    select distinct kinds.event_name, kinds.url_path, kinds.traits
    from staging.event_kinds as kinds
    inner join settings.touchpoint_rules as rules
        on kinds.rule_number = rules.rule_number and rules.action = 'purchase'
),

told as (
    select
        events.event_id,
        events.identifier,
        events.order_id,
        events.occurred_at,
        events.sequence,
        events.anonymous_id,
        events.customer_id,
        events.email_hash,
        events.stated_value,
        events.currency,
        events.payment_method,
        events.items,
        case
            when placing_kinds.event_name is not null then 'placed'
            when replace(lower(events.event_name), '_', ' ') in ('refund', 'order refunded') then 'refunded'
            when replace(lower(events.event_name), '_', ' ') in ('order cancelled', 'order canceled') then 'cancelled'
        end as tells
    from staging.events as events
    left join staging.event_traits as traits on events.event_id = traits.event_id
    left join placing_kinds
        on
            events.event_name = placing_kinds.event_name
            and coalesce(events.url_path, '') = placing_kinds.url_path
            and coalesce(traits.traits, '') = placing_kinds.traits
)

select
    told.event_id,              -- of staging.events
    told.identifier,            -- whose event it is; null: nobody's
    told.tells,                 -- placed, refunded or cancelled
    told.order_id is not null as has_order_id,  -- it names its order
    coalesce(told.order_id, 'event ' || told.event_id) as order_id,  -- the order that it is about; without an id one of its own
    told.occurred_at,           -- UTC instant
    told.sequence,              -- order of simultaneous events, where the source gives one
    told.anonymous_id,          -- the browser or device
    told.customer_id,           -- the shop's id of the customer, when logged in
    told.email_hash,            -- keyed hash of the e-mail
    told.stated_value,          -- of the order or the refund, in its own currency; null: not said
    told.currency,              -- of its amounts, ISO 4217; null: not said, taken for the shop's
    told.payment_method,        -- as the source says
    told.items,                 -- the products that it lists
    coalesce(
        told.tells = 'placed'
        and told.order_id is not null
        and elapsed_seconds(
            min(case when told.tells = 'placed' then told.occurred_at end) over (
                partition by told.identifier, told.order_id
            ),
            told.occurred_at
        ) > shop.session_timeout_seconds,
        false
    ) as is_sent_again,         -- the same visitor sent it for this order before, longer ago than a session's timeout
from told
cross join settings.shop as shop
where told.tells is not null
