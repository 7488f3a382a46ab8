-- One row per touchpoint, with the journey (purchase cycle) it belongs to, and its place among the journey's others.
-- A journey begins with a person's first contact; after a silence longer than the inactivity limit; and, once it holds
-- a purchase, the next one begins with the first touchpoint of a stage before the purchase in a later session, or with
-- the next purchase. What names an order (its states, answers about it) is no contact of its own: it belongs to the
-- journey in which the order was placed, however late it comes, and neither begins a journey nor breaks a silence. Nor
-- do events that no person caused (an e-mail sent, a ticket solved, a deal): they belong to the journey they fall into,
-- if there is one yet. Opening a ticket that names no order is a contact. So are leads and deals with a stage, as long as
-- nothing else is known of the person, and always where journey.yaml has no rule for orders: then a deal won is the
-- purchase, and a lead or a deal opened after it begins anew.
-- Simultaneous touchpoints are in one journey, but each purchase in its own; it comes last: what led to it is with it.
-- Within a journey simultaneous touchpoints stand in the order of the source's sequence, else of the map.
-- How: only a session's first touchpoint, its first one before the purchase, and what happens off the site can begin a
-- journey, so these few moments are put in order; the touchpoints themselves are sorted once.
-- keyed by: person_id
-- within person_id: journey_id, session_id
-- key: touchpoint_id
with selling as (
    select
        coalesce(bool_or(source = 'orders' or event_name = 'order placed' or action = 'purchase'), false) as is_by_orders
    from settings.touchpoint_rules
),

purchase_stage as (
    select coalesce(max(meanings.stage_position), 0) as stage_position
    from journeys.event_meanings as meanings
    cross join selling
    where
        (meanings.source = 'orders' and meanings.event_name = 'order placed')
        or (meanings.source = 'deals' and meanings.event_name = 'deal won' and not selling.is_by_orders)
),

visits as (
    select
        touchpoints.person_id,
        touchpoints.session_id,
        min(touchpoints.occurred_at) as started_at,
        max(touchpoints.occurred_at) as ended_at,
        min(
            case when touchpoints.stage_position < purchase_stage.stage_position then touchpoints.occurred_at end
        ) as marked_at
    from journeys.touchpoints as touchpoints
    cross join purchase_stage
    where touchpoints.session_id is not null
    group by touchpoints.person_id, touchpoints.session_id
),

others as (
    select
        touchpoint_id,
        person_id,
        occurred_at,
        order_id,
        source = 'orders' and event_name = 'order placed' as is_order,
        source in ('contacts', 'deals') and stage is not null as is_of_sales,
        event_name = 'deal won' as is_won,
        event_name in ('deal opened', 'contact created') as is_opening,
        is_on_site
        or (source = 'orders' and event_name = 'order placed')
        or (source = 'feedback' and order_id is null)
        or (source = 'tickets' and event_name = 'ticket opened' and order_id is null) as is_own_contact
    from journeys.touchpoints
    where session_id is null
),

-- Since when a person of whom there are leads or deals is known by more than these; never where deals are all that is sold.
own_contacts as (
    select contacts.person_id, min(contacts.occurred_at) as first_at
    from (
        select person_id, started_at as occurred_at from visits
        union all
        select person_id, occurred_at from others where is_own_contact
    ) as contacts
    cross join selling
    where selling.is_by_orders and contacts.person_id in (select person_id from others where is_of_sales)
    group by contacts.person_id
),

off_site as (
    select
        others.touchpoint_id,
        others.person_id,
        others.occurred_at,
        others.order_id,
        case
            when others.is_order then others.order_id
            when others.is_of_sales and others.is_won and coalesce(others.occurred_at < own_contacts.first_at, true)
                then others.touchpoint_id
        end as purchase_id,
        others.is_own_contact
        or (others.is_of_sales and coalesce(others.occurred_at < own_contacts.first_at, true)) as is_contact,
        others.is_of_sales and others.is_opening and coalesce(others.occurred_at < own_contacts.first_at, true) as is_mark
    from others
    left join own_contacts on others.person_id = own_contacts.person_id
),

-- The instants at which a journey may begin: a session, as a whole, is a contact until its end.
candidates as (
    select
        person_id,
        started_at as occurred_at,
        false as is_purchase,
        '' as purchase_id,
        true as is_contact,
        ended_at as contact_until,
        case when marked_at = started_at then started_at end as marking_session_started_at
    from visits
    union all
    select person_id, marked_at, false, '', true, ended_at, started_at
    from visits
    where marked_at > started_at
    union all
    select
        person_id, occurred_at, purchase_id is not null, coalesce(purchase_id, ''), is_contact,
        case when is_contact then occurred_at end, case when is_mark then occurred_at end
    from off_site
    where is_contact or order_id is null
),

moments as (
    select
        person_id,
        occurred_at,
        is_purchase,
        purchase_id,
        bool_or(is_contact) as is_contact,
        max(contact_until) as contact_until,
        max(marking_session_started_at) as marking_session_started_at
    from candidates
    group by person_id, occurred_at, is_purchase, purchase_id
),

moments_before as (
    select
        moments.*,
        max(case when is_purchase then occurred_at end) over earlier as last_purchase_at,
        max(contact_until) over earlier as last_contact_until
    from moments
    window earlier as (
        partition by person_id order by occurred_at, is_purchase, purchase_id
        rows between unbounded preceding and 1 preceding
    )
),

silences as (
    select
        moments_before.person_id,
        moments_before.occurred_at,
        moments_before.is_purchase,
        moments_before.purchase_id,
        moments_before.last_purchase_at,
        moments_before.is_contact
        and coalesce(
            elapsed_seconds(moments_before.last_contact_until, moments_before.occurred_at) > shop.inactivity_seconds,
            true
        ) as follows_silence,
        moments_before.is_purchase
        or coalesce(
            moments_before.marking_session_started_at
            > coalesce(moments_before.last_purchase_at, timestamp '0001-01-01'),
            false
        ) as is_mark
    from moments_before
    cross join settings.shop as shop
),

marks as (
    select
        silences.*,
        max(case when is_mark then occurred_at end) over (
            partition by person_id order by occurred_at, is_purchase, purchase_id
            rows between unbounded preceding and 1 preceding
        ) as last_mark_at,
        max(case when follows_silence then occurred_at end) over (
            partition by person_id order by occurred_at, is_purchase, purchase_id rows unbounded preceding
        ) as silent_until
    from silences
),

-- A mark begins a journey when the mark before it, since the last silence, was a purchase.
journey_starts as (
    select
        person_id,
        occurred_at,
        is_purchase,
        purchase_id,
        follows_silence
        or (is_mark and last_mark_at = last_purchase_at and last_purchase_at >= silent_until) as is_start,
        cast(sum(
            case
                when
                    follows_silence
                    or (is_mark and last_mark_at = last_purchase_at and last_purchase_at >= silent_until)
                    then 1
                else 0
            end
        ) over (
            partition by person_id order by occurred_at, is_purchase, purchase_id rows unbounded preceding
        ) as bigint) as journey_number
    from marks
),

starts as (
    select
        person_id,
        journey_number,
        occurred_at,
        case when is_purchase then occurred_at + interval 1 microsecond else occurred_at end as begins_at
    from journey_starts
    where is_start
),

-- Most sessions are one piece: of one journey. A purchase in the middle of one may cut it.
pieces as (
    select visits.person_id, visits.session_id, journey_starts.journey_number, visits.started_at as begins_at
    from visits
    inner join journey_starts
        on
            visits.person_id = journey_starts.person_id
            and visits.started_at = journey_starts.occurred_at
            and not journey_starts.is_purchase
    union all
    select visits.person_id, visits.session_id, starts.journey_number, starts.begins_at
    from visits
    inner join starts on visits.person_id = starts.person_id
    where starts.begins_at > visits.started_at and starts.begins_at <= visits.ended_at
),

spans as (
    select
        pieces.*,
        coalesce(
            lead(begins_at) over (partition by person_id, session_id order by begins_at, journey_number),
            timestamp '9999-12-31'
        ) as ends_at
    from pieces
),

order_journeys as (
    select person_id, purchase_id as order_id, journey_number
    from journey_starts
    where is_purchase
),

journey_places as (
    select
        touchpoints.touchpoint_id, touchpoints.person_id, spans.journey_number, touchpoints.source,
        touchpoints.occurred_at, touchpoints.sequence, touchpoints.stage, touchpoints.stage_position,
        touchpoints.touchpoint, touchpoints.channel, touchpoints.session_id, touchpoints.order_id,
        touchpoints.is_on_site, false as is_purchase, true as is_contact
    from journeys.touchpoints as touchpoints
    inner join spans
        on
            touchpoints.person_id = spans.person_id
            and touchpoints.session_id = spans.session_id
            and touchpoints.occurred_at >= spans.begins_at
            and touchpoints.occurred_at < spans.ends_at
    union all
    select
        touchpoints.touchpoint_id, touchpoints.person_id,
        coalesce(journey_starts.journey_number, order_journeys.journey_number), touchpoints.source,
        touchpoints.occurred_at, touchpoints.sequence, touchpoints.stage, touchpoints.stage_position,
        touchpoints.touchpoint, touchpoints.channel, touchpoints.session_id, touchpoints.order_id,
        touchpoints.is_on_site, off_site.purchase_id is not null, off_site.is_contact
    from off_site
    inner join journeys.touchpoints as touchpoints
        on off_site.person_id = touchpoints.person_id and off_site.touchpoint_id = touchpoints.touchpoint_id
    left join journey_starts
        on
            off_site.person_id = journey_starts.person_id
            and off_site.occurred_at = journey_starts.occurred_at
            and (off_site.purchase_id is not null) = journey_starts.is_purchase
            and (off_site.is_contact or off_site.order_id is null)
            and coalesce(off_site.purchase_id, '') = journey_starts.purchase_id
    left join order_journeys
        on
            off_site.person_id = order_journeys.person_id
            and off_site.order_id = order_journeys.order_id
            and not off_site.is_contact
    where touchpoints.session_id is null and coalesce(journey_starts.journey_number, order_journeys.journey_number) > 0
)

select
    touchpoint_id,              -- of journeys.touchpoints
    source,                     -- events, orders, feedback, tickets, deals or contacts
    person_id,                  -- of journeys.people
    journey_number,             -- 1 for the person's first journey
    person_id || '-' || journey_number as journey_id,  -- person and number
    occurred_at,                -- UTC instant
    stage,                      -- of the touchpoint
    stage_position,             -- on the map
    touchpoint,                 -- name by rule
    channel,                    -- of the touchpoint
    session_id,                 -- of journeys.sessions; null off the site
    order_id,                   -- the order it names
    is_purchase,                -- an order was placed, by the orders export; of who is known by leads and deals alone, and of all where nothing else is sold, a deal won
    is_on_site,                 -- belongs to a session
    is_contact,                 -- false: it follows an order, or no person caused it
    case when stage is not null then count(stage) over so_far end
        as staged_number,       -- its place among the journey's touchpoints with a stage
    lag(stage ignore nulls) over in_journey as previous_stage,  -- of the last one with a stage before it
    lead(stage ignore nulls) over in_journey as next_stage,  -- of the next touchpoint with a stage
    case when touchpoint is not null then count(touchpoint) over so_far end
        as named_number,        -- its place among the journey's touchpoints with a name
    lead(touchpoint ignore nulls) over in_journey as next_touchpoint,  -- the next one with a name; null: none
    lead(case when touchpoint is not null then occurred_at end ignore nulls) over in_journey
        as next_touchpoint_at,  -- the UTC instant of that one
from journey_places
window
    in_journey as (
        partition by person_id, journey_number
        order by occurred_at, sequence nulls last, stage_position nulls last, touchpoint_id
    ),
    so_far as (
        partition by person_id, journey_number
        order by occurred_at, sequence nulls last, stage_position nulls last, touchpoint_id
        rows unbounded preceding
    )
