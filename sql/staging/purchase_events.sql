-- One row per click-stream event that says that an order was placed, refunded or cancelled.
-- Placed: its first matching rule of journey.yaml has the action `purchase`. Refunded, cancelled: by the names that GA4 and
-- Segment give such events. A purchase event without an order's id stands for an order of its own.
-- One that is sent again for its order later than a session lasts (a tab that is restored, a page of thanks opened from
-- an e-mail) says nothing new: it opens no session (journeys.visits).
-- key: event_id
-- keyed by: identifier
-- within identifier: event_id
with purchase_rules as (
    select rule_number, event_name, url_pattern
    from settings.touchpoint_rules
    where action = 'purchase' and coalesce(source, 'events') = 'events'
),

other_rules as (
    select rule_number, event_name, url_pattern
    from settings.touchpoint_rules
    where action is distinct from 'purchase' and coalesce(source, 'events') = 'events'
),

candidates as (
    select
        events.event_id,
        events.event_name,
        coalesce(events.url_path, '') as url_path,
        min(purchase_rules.rule_number) as rule_number
    from staging.events as events
    inner join purchase_rules
        on
            (purchase_rules.event_name is null or purchase_rules.event_name = events.event_name)
            and (purchase_rules.url_pattern is null or coalesce(events.url_path, '') like purchase_rules.url_pattern)
    group by events.event_id, events.event_name, coalesce(events.url_path, '')
),

placings as (
    select candidates.event_id
    from candidates
    where not exists (
        select 1 from other_rules
        where
            other_rules.rule_number < candidates.rule_number
            and (other_rules.event_name is null or other_rules.event_name = candidates.event_name)
            and (other_rules.url_pattern is null or candidates.url_path like other_rules.url_pattern)
    )
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
            when placings.event_id is not null then 'placed'
            when replace(lower(events.event_name), '_', ' ') in ('refund', 'order refunded') then 'refunded'
            when replace(lower(events.event_name), '_', ' ') in ('order cancelled', 'order canceled') then 'cancelled'
        end as tells
    from staging.events as events
    left join placings on events.event_id = placings.event_id
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
