-- One row per unit that dropped at a step of a funnel or at a stage of the map, and what it did instead.
-- Who dropped is who metrics.funnel_steps and metrics.stage_drop_off count: a unit's best matured attempt that did not
-- reach the step; a matured journey whose furthest required stage this is. It dropped with the last step that it reached,
-- or with its last touchpoint in the stage; what the person did after that instant counts, for as long as the inactivity
-- limit. Exactly one outcome each, the first that fits: they contacted support (in the same visit, or soon enough to be
-- held against a touchpoint: settings.shop.support_contact_seconds); looked, in the same visit, at a product that the visit
-- had not been about; went back, in the same visit, to an earlier stage; came back in a later session, or with an order, a
-- ticket or an answer; left. Open: that time is not over. Uncovered: not all that would show it is known from there on.
-- The same visit is the session that had begun by then.
-- key: place_type, funnel_id, place_number, unit_id
with funnel_drops as (
    select
        outcomes.funnel_id,
        steps.step_number,
        steps.step_label,
        outcomes.furthest_step,
        outcomes.unit_id,
        outcomes.person_id,
        outcomes.session_id,
        reached.reached_at as dropped_at
    from metrics.funnel_attempts as outcomes
    inner join settings.funnel_steps as steps
        on outcomes.funnel_id = steps.funnel_id and outcomes.furthest_step + 1 = steps.step_number
    inner join journeys.attempt_steps as reached
        on
            outcomes.funnel_id = reached.funnel_id
            and outcomes.unit_id = reached.unit_id
            and outcomes.entered_on = reached.entered_on
            and outcomes.furthest_step = reached.step_number
    where outcomes.is_best and outcomes.is_matured
),

-- A step's stage is that of its touchpoint; of several at one instant the latest on the map.
step_positions as (
    select drops.funnel_id, drops.unit_id, max(touchpoints.stage_position) as stage_position
    from funnel_drops as drops
    inner join journeys.touchpoints as touchpoints
        on drops.person_id = touchpoints.person_id and drops.dropped_at = touchpoints.occurred_at
    inner join settings.funnel_step_matches as matches
        on
            drops.funnel_id = matches.funnel_id
            and drops.furthest_step = matches.step_number
            and (matches.touchpoint is null or matches.touchpoint = touchpoints.touchpoint)
            and (matches.stage is null or matches.stage = touchpoints.stage)
            and (matches.device is null or matches.device = touchpoints.device)
            and (matches.channel is null or matches.channel = touchpoints.channel)
    group by drops.funnel_id, drops.unit_id
),

stage_drops as (
    select
        stages.stage,
        stages.stage_position,
        matured.journey_id,
        matured.person_id,
        max(touched.occurred_at) as dropped_at,
        arg_max(touched.session_id, (touched.occurred_at, touched.staged_number)) as session_id
    from metrics.matured_journeys as matured
    inner join metrics.measured_stages as stages
        on matured.furthest_required_position = stages.stage_position and stages.is_required
    inner join journeys.journey_touchpoints as touched
        on
            matured.person_id = touched.person_id
            and matured.journey_id = touched.journey_id
            and stages.stage = touched.stage
    where stages.stage_position < (select max(stage_position) from metrics.measured_stages where is_required)
    group by stages.stage, stages.stage_position, matured.journey_id, matured.person_id
),

drops as (
    select
        'step' as place_type,
        drops.funnel_id,
        drops.step_number as place_number,
        drops.step_label as place,
        drops.unit_id,
        drops.person_id,
        drops.session_id,
        drops.dropped_at,
        positions.stage_position
    from funnel_drops as drops
    left join step_positions as positions
        on drops.funnel_id = positions.funnel_id and drops.unit_id = positions.unit_id
    union all
    select
        'stage', null, stage_position, stage, journey_id, person_id, session_id, dropped_at, stage_position
    from stage_drops
),

-- All of what a person did that can decide it, with the beginning of its session: of each session and stage the last
-- touchpoint, of each session and product the first one.
session_products as (
    select
        person_id,
        session_id,
        min(occurred_at) as first_at,
        min(min(occurred_at)) over (partition by person_id, session_id) as first_product_at
    from journeys.touchpoints
    where is_on_site and product_id is not null
    group by person_id, session_id, product_id
),

session_places as (
    select person_id, session_id, stage_position, max(occurred_at) as last_at
    from journeys.touchpoints
    where is_on_site and stage_position is not null
    group by person_id, session_id, stage_position
),

moments as (
    select
        person_id, 'session' as kind, started_at as occurred_at, started_at as since_at,
        cast(null as bigint) as stage_position
    from journeys.session_facts
    union all
    select products.person_id, 'product', products.first_at, products.first_product_at, null
    from session_products as products
    where products.first_at > products.first_product_at
    union all
    select places.person_id, 'stage', places.last_at, sessions.started_at, places.stage_position
    from session_places as places
    inner join journeys.session_facts as sessions
        on places.person_id = sessions.person_id and places.session_id = sessions.session_id
    union all
    select touchpoints.person_id, 'help', touchpoints.occurred_at, sessions.started_at, null
    from journeys.touchpoints as touchpoints
    inner join journeys.session_facts as sessions
        on touchpoints.person_id = sessions.person_id and touchpoints.session_id = sessions.session_id
    where touchpoints.stage = 'support'
    union all
    select
        person_id,
        case source when 'tickets' then 'ticket' when 'orders' then 'order' else 'answer' end,
        occurred_at, null, null
    from journeys.touchpoints
    where
        (source = 'tickets' and event_name = 'ticket opened')
        or (source = 'orders' and event_name = 'order placed')
        or (source = 'feedback' and order_id is null)
),

known as (
    select
        shop.inactivity_seconds,
        shop.support_contact_seconds,
        greatest(
            coalesce(cut_off.visits_from, cut_off.tickets_from), coalesce(cut_off.tickets_from, cut_off.visits_from)
        ) as known_from,
        least(cut_off.visits_until, coalesce(cut_off.tickets_until, cut_off.visits_until)) as known_until
    from metrics.cut_off as cut_off
    cross join settings.shop as shop
),

deeds as (
    select
        drops.place_type, drops.funnel_id, drops.place_number, drops.unit_id,
        bool_or(
            (moments.kind = 'help' and moments.since_at <= drops.dropped_at)
            or (
                moments.kind in ('help', 'ticket')
                and elapsed_seconds(drops.dropped_at, moments.occurred_at) <= known.support_contact_seconds
            )
        ) as is_support,
        bool_or(moments.kind = 'product' and moments.since_at <= drops.dropped_at) as is_product,
        bool_or(
            moments.kind = 'stage' and moments.since_at <= drops.dropped_at
            and moments.stage_position < drops.stage_position
        ) as is_back,
        bool_or(moments.kind in ('session', 'ticket', 'order', 'answer')) as is_return,
        bool_or(moments.kind = 'order') as is_order
    from drops
    inner join moments
        on drops.person_id = moments.person_id and drops.dropped_at < moments.occurred_at
    cross join known
    where elapsed_seconds(drops.dropped_at, moments.occurred_at) <= known.inactivity_seconds
    group by drops.place_type, drops.funnel_id, drops.place_number, drops.unit_id
)

select
    drops.place_type,           -- step (of a funnel) or stage (of the map)
    drops.funnel_id,            -- of settings.funnels; null: a stage
    drops.place_number,         -- the step that was not reached; the stage's place on the map, which was not passed
    drops.place,                -- the step's label, or the stage
    drops.unit_id,              -- of a funnel what it counts; of a stage the journey
    drops.person_id,            -- of journeys.people
    drops.session_id,           -- of journeys.sessions: a funnel's, of its step 1; a stage's, of the last touchpoint in it; null: it was in none
    drops.dropped_at,           -- UTC instant of the last step reached, or of the last touchpoint in the stage
    case
        when drops.dropped_at < known.known_from then 'uncovered'
        when elapsed_seconds(drops.dropped_at, known.known_until) <= known.inactivity_seconds then 'open'
        when deeds.is_support then 'contacted support'
        when deeds.is_product then 'another product'
        when deeds.is_back then 'earlier stage'
        when deeds.is_return then 'later session'
        else 'left'
    end as outcome,             -- contacted support, another product, earlier stage, later session, left; open or uncovered
    coalesce(deeds.is_return, false) as is_returned,  -- came back within the time, whatever else it did
    coalesce(deeds.is_order, false) as is_ordered,  -- placed an order within the time after all: too late for the window, or another way
from drops
cross join known
left join deeds
    on
        drops.place_type = deeds.place_type
        and drops.funnel_id is not distinct from deeds.funnel_id
        and drops.place_number = deeds.place_number
        and drops.unit_id = deeds.unit_id
