-- One row per touchpoint, with the journey (purchase cycle) it belongs to.
-- A journey begins with a person's first touchpoint; after a silence longer than the inactivity limit; and, after a
-- purchase, with the first touchpoint of a stage before the purchase in a later session, or with the next purchase.
-- Touchpoints that name an order (its states, answers about it) belong to the journey in which it was placed, however
-- late they come, and never begin one.
-- key: touchpoint_id
with purchase_stage as (
    select coalesce(min(stage_position), 0) as stage_position
    from journeys.touchpoints
    where source = 'orders' and event_name = 'order placed'
),

session_starts as (
    select session_id, started_at from journeys.sessions
),

placed as (
    select
        touchpoints.touchpoint_id,
        touchpoints.person_id,
        touchpoints.occurred_at,
        touchpoints.stage,
        touchpoints.stage_position,
        touchpoints.touchpoint,
        touchpoints.session_id,
        touchpoints.order_id,
        touchpoints.is_on_site,
        touchpoints.source = 'orders' and touchpoints.event_name = 'order placed' as is_purchase,
        touchpoints.is_on_site or touchpoints.order_id is null as can_follow_silence,
        coalesce(touchpoints.stage_position < purchase_stage.stage_position, false) and touchpoints.is_on_site
            as is_before_purchase,
        session_starts.started_at as session_started_at
    from journeys.touchpoints as touchpoints
    left join session_starts on touchpoints.session_id = session_starts.session_id
    cross join purchase_stage
),

-- Simultaneous touchpoints: the purchase comes last, so that what led to it is in its journey.
remembered as (
    select
        *,
        max(case when is_purchase then occurred_at end) over earlier as last_purchase_at,
        max(case when can_follow_silence or is_purchase then occurred_at end) over earlier as last_contact_at,
        count(*) over earlier = 0 as is_first
    from placed
    window earlier as (
        partition by person_id order by occurred_at, is_purchase, touchpoint_id
        rows between unbounded preceding and 1 preceding
    )
),

cycle_marks as (
    select
        remembered.*,
        is_purchase or (is_before_purchase and (last_purchase_at is null or session_started_at > last_purchase_at))
            as is_cycle_mark,
        coalesce(
            (can_follow_silence or is_purchase)
            and date_diff('microsecond', last_contact_at, occurred_at) > shop.inactivity_seconds * 1000000,
            false
        ) as is_after_silence
    from remembered
    cross join settings.shop as shop
),

marked as (
    select
        *,
        max(case when is_cycle_mark then occurred_at end) over earlier as last_mark_at,
        bool_or(is_purchase) over earlier as has_purchased,
        max(case when is_after_silence then occurred_at end) over earlier as last_silence_end_at
    from cycle_marks
    window earlier as (
        partition by person_id order by occurred_at, is_purchase, touchpoint_id
        rows between unbounded preceding and 1 preceding
    )
),

opened as (
    select
        marked.*,
        case
            when is_first or is_after_silence then 1
            -- The mark before this one was the purchase itself: this is the first of a new cycle.
            when is_cycle_mark and coalesce(has_purchased, false) and last_mark_at = last_purchase_at
                and coalesce(last_silence_end_at <= last_purchase_at, true)
                then 1
            else 0
        end as is_opening
    from marked
),

counted as (
    select
        *,
        cast(sum(is_opening) over (
            partition by person_id order by occurred_at, is_purchase, touchpoint_id rows unbounded preceding
        ) as bigint) as running_number
    from opened
),

order_journeys as (
    select order_id, min(running_number) as running_number
    from counted
    where is_purchase
    group by order_id
)

select
    counted.touchpoint_id,      -- of journeys.touchpoints
    counted.person_id,          -- of journeys.people
    case
        when counted.is_on_site or counted.order_id is null then counted.running_number
        else coalesce(order_journeys.running_number, counted.running_number)
    end as journey_number,      -- 1 for the person's first journey
    counted.person_id || '-' || case
        when counted.is_on_site or counted.order_id is null then counted.running_number
        else coalesce(order_journeys.running_number, counted.running_number)
    end as journey_id,          -- person and number
    counted.occurred_at,        -- UTC instant
    counted.stage,              -- of the touchpoint
    counted.stage_position,     -- on the map
    counted.touchpoint,         -- name by rule
    counted.session_id,         -- of journeys.sessions; null off the site
    counted.order_id,           -- the order it names
    counted.is_purchase,        -- an order was placed, by the orders export
    counted.is_on_site,         -- belongs to a session
from counted
left join order_journeys on counted.order_id = order_journeys.order_id
