-- One row per touchpoint and step of a funnel that it is: what a chain walks through. Of funnels with rules also the
-- touchpoints that may not lie between two steps.
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
)

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
