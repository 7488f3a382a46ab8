-- One row per step that an attempt at a funnel reached; an attempt is a unit (a person, a session, …) on a shop day of entry.
-- Of the day's entries the one that gets furthest counts; among equals the latest. A journey enters on the day on which it
-- began. Whether an attempt is converted, dropped or open depends on the data cut-off and is said in metrics.funnel_attempts.
-- key: funnel_id, unit_id, entered_on, step_number
-- keyed by: person_id
-- within person_id: unit_id
-- across person_id: kinds
with kinds as ( -- step_kinds reads it -- noqa: ST03
    select distinct touchpoint, stage, device, channel, coalesce(traits.traits, '') as traits
    from journeys.touchpoints as touchpoints
    left join journeys.touchpoint_traits as traits
        on touchpoints.person_id = traits.person_id and touchpoints.touchpoint_id = traits.touchpoint_id
),

-- Read only where a funnel counts journeys.
of_journeys as (
    select
        in_journey.touchpoint_id, in_journey.journey_id,
        shop_day(journeys.started_at, shop.time_zone) as began_on
    from journeys.journey_touchpoints as in_journey
    inner join journeys.journeys as journeys on in_journey.journey_id = journeys.journey_id
    cross join settings.shop as shop
    where exists (select 1 from settings.funnels as counting where counting.unit = 'journey')
),

units as ( -- the chains read it -- noqa: ST03
    select
        matches.funnel_id,
        matches.window_seconds,
        matches.chain,
        matches.step_number,
        matches.excluded_step,
        case matches.unit
            when 'person' then touchpoints.person_id
            when 'session' then case when runaway.session_id is null then touchpoints.session_id end
            when 'journey' then of_journeys.journey_id
            when 'order' then touchpoints.person_id || ' ' || touchpoints.order_id
            when 'cart' then touchpoints.person_id || ' ' || touchpoints.cart_id
        end as unit_id,
        case when matches.unit = 'journey' then of_journeys.began_on end as unit_on,
        matches.first_step,
        matches.last_step,
        matches.has_ties,
        touchpoints.person_id,
        case when runaway.session_id is null then touchpoints.session_id end as session_id,
        touchpoints.touchpoint_id,
        touchpoints.occurred_at,
        touchpoints.sequence
    from journeys.touchpoints as touchpoints
    left join journeys.touchpoint_traits as traits
        on touchpoints.person_id = traits.person_id and touchpoints.touchpoint_id = traits.touchpoint_id
    inner join step_kinds as matches
        on
            touchpoints.touchpoint is not distinct from matches.touchpoint
            and touchpoints.stage is not distinct from matches.stage
            and touchpoints.device is not distinct from matches.device
            and touchpoints.channel is not distinct from matches.channel
            and coalesce(traits.traits, '') = matches.traits
    left join of_journeys on touchpoints.touchpoint_id = of_journeys.touchpoint_id
    left join journeys.quarantined_sessions as runaway on touchpoints.session_id = runaway.session_id
),

rules as ( -- the chains read it -- noqa: ST03
    select
        funnel_id, step_number, window_seconds, within_seconds, at_least_seconds, is_strict, is_open
    from settings.funnel_rules
)

select
    attempts.funnel_id,         -- of settings.funnels
    attempts.unit_id,           -- the person, session or journey; of a cart or order the person and its id
    attempts.person_id,         -- of journeys.people
    attempts.entered_on,        -- shop day of step 1; of a journey, of its beginning
    attempts.step_number,       -- of settings.funnel_steps
    attempts.furthest_step,     -- the last step that the attempt reached
    attempts.entered_at,        -- UTC instant of step 1
    attempts.session_id,        -- of journeys.sessions: that of step 1; null: it was in none
    attempts.reached_at         -- UTC instant of this step: the earliest after the step before
from chained_attempts as attempts
