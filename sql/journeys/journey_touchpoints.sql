-- One row per touchpoint, with the journey (purchase cycle) it belongs to.
-- A journey begins with a person's first contact; after a silence longer than the inactivity limit; and, once it holds a
-- purchase, the next one begins with the first touchpoint of a stage before the purchase in a later session, or with
-- the next purchase. What names an order (its states, answers about it) is no contact of its own: it belongs to the
-- journey in which the order was placed, however late it comes, and neither begins a journey nor breaks a silence. Nor
-- do events that no person caused (an e-mail sent, a ticket solved, a deal): they belong to the journey they fall into,
-- if there is one yet. Opening a ticket that names no order is a contact.
-- key: touchpoint_id
with purchase_rule as (
    select arg_min(rules.stage, rules.rule_number) as stage
    from settings.touchpoint_rules as rules
    where
        coalesce(rules.source, 'orders') = 'orders'
        and coalesce(rules.event_name, 'order placed') = 'order placed'
        and rules.url_pattern is null
),

purchase_stage as (
    select coalesce(max(stages.stage_position), 0) as stage_position
    from settings.stages as stages
    where stages.stage in (select stage from purchase_rule)
),

placed as (
    select
        touchpoints.touchpoint_id,
        touchpoints.source,
        touchpoints.person_id,
        touchpoints.occurred_at,
        touchpoints.stage,
        touchpoints.stage_position,
        touchpoints.touchpoint,
        touchpoints.session_id,
        touchpoints.order_id,
        touchpoints.is_on_site,
        touchpoints.source = 'orders' and touchpoints.event_name = 'order placed' as is_purchase,
        touchpoints.is_on_site
        or (touchpoints.source = 'orders' and touchpoints.event_name = 'order placed')
        or (touchpoints.source = 'feedback' and touchpoints.order_id is null)
        or (
            touchpoints.source = 'tickets' and touchpoints.event_name = 'ticket opened' and touchpoints.order_id is null
        ) as is_contact,
        coalesce(touchpoints.stage_position < purchase_stage.stage_position, false) and touchpoints.is_on_site
            as is_before_purchase,
        sessions.started_at as session_started_at
    from journeys.touchpoints as touchpoints
    left join journeys.sessions as sessions on touchpoints.session_id = sessions.session_id
    cross join purchase_stage
),

-- Simultaneous contacts: the purchase comes last, so that what led to it is in its journey.
contacts as (
    select
        placed.*,
        max(case when is_purchase then occurred_at end) over earlier as last_purchase_at,
        max(case when is_contact then occurred_at end) over earlier as last_contact_at
    from placed
    where is_contact or order_id is null
    window earlier as (
        partition by person_id order by occurred_at, is_purchase, touchpoint_id
        rows between unbounded preceding and 1 preceding
    )
),

spells as (
    select
        contacts.*,
        cast(sum(
            case
                when
                    is_contact
                    and coalesce(
                        date_diff('microsecond', last_contact_at, occurred_at) > shop.inactivity_seconds * 1000000, true
                    )
                    then 1
                else 0
            end
        ) over (
            partition by person_id order by occurred_at, is_purchase, touchpoint_id rows unbounded preceding
        ) as bigint) as spell_number,
        is_purchase
        or (is_before_purchase and (last_purchase_at is null or session_started_at > last_purchase_at)) as is_mark
    from contacts
    cross join settings.shop as shop
),

-- Within a spell without silence, a mark begins a journey when the mark before it was a purchase.
marked as (
    select
        *,
        max(case when is_mark then occurred_at end) over earlier as last_mark_at,
        max(case when is_purchase then occurred_at end) over earlier as spell_purchase_at,
        row_number() over (
            partition by person_id, spell_number order by occurred_at, is_purchase, touchpoint_id
        ) as contact_number
    from spells
    window earlier as (
        partition by person_id, spell_number order by occurred_at, is_purchase, touchpoint_id
        rows between unbounded preceding and 1 preceding
    )
),

counted as (
    select
        *,
        cast(sum(
            case when (is_contact and contact_number = 1) or (is_mark and last_mark_at = spell_purchase_at) then 1 else 0 end
        ) over (
            partition by person_id order by occurred_at, is_purchase, touchpoint_id rows unbounded preceding
        ) as bigint) as journey_number
    from marked
),

order_journeys as (
    select order_id, min(journey_number) as journey_number
    from counted
    where is_purchase
    group by order_id
),

everything as (
    select
        touchpoint_id, source, person_id, journey_number, occurred_at, stage, stage_position, touchpoint, session_id, order_id,
        is_purchase, is_on_site, is_contact
    from counted
    where journey_number > 0
    union all
    select
        placed.touchpoint_id, placed.source, placed.person_id, order_journeys.journey_number, placed.occurred_at, placed.stage,
        placed.stage_position, placed.touchpoint, placed.session_id, placed.order_id, false, placed.is_on_site, false
    from placed
    inner join order_journeys on placed.order_id = order_journeys.order_id
    where not placed.is_contact and placed.order_id is not null
)

select
    touchpoint_id,              -- of journeys.touchpoints
    source,                     -- events, orders, feedback, tickets or deals
    person_id,                  -- of journeys.people
    journey_number,             -- 1 for the person's first journey
    person_id || '-' || journey_number as journey_id,  -- person and number
    occurred_at,                -- UTC instant
    stage,                      -- of the touchpoint
    stage_position,             -- on the map
    touchpoint,                 -- name by rule
    session_id,                 -- of journeys.sessions; null off the site
    order_id,                   -- the order it names
    is_purchase,                -- an order was placed, by the orders export
    is_on_site,                 -- belongs to a session
    is_contact,                 -- false: it follows an order, or no person caused it
from everything
