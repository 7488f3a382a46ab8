-- One row per journey: a purchase cycle of a person. Facts and instants only; whether it is over depends on the data
-- cut-off and is said in metrics. Type: first purchase, renewal (a later purchase), support (opened by a ticket, return
-- or help page), usage (none of these).
-- key: journey_id
with measured as (
    select
        journey_id,
        person_id,
        journey_number,
        min(occurred_at) as started_at,
        max(occurred_at) as last_touched_at,
        max(case when is_contact then occurred_at end) as last_contact_at,
        min(case when is_purchase then occurred_at end) as purchased_at,
        cast(count(*) as bigint) as touchpoint_count,
        cast(count(distinct session_id) as bigint) as session_count,
        cast(count(distinct case when is_purchase then order_id end) as bigint) as order_count,
        arg_min(case when source = 'tickets' then 'support' else stage end, (occurred_at, touchpoint_id)) as opened_in
    from journeys.journey_touchpoints
    group by journey_id, person_id, journey_number
),

reached as (
    select
        touchpoints.journey_id,
        max(stages.stage_position) as furthest_required_position,
        cast(count(distinct stages.stage) as bigint) as required_stage_count
    from journeys.journey_touchpoints as touchpoints
    inner join settings.stages as stages on touchpoints.stage = stages.stage
    where stages.is_required
    group by touchpoints.journey_id
),

earlier_purchases as (
    select
        journey_id,
        coalesce(cast(sum(order_count) over (
            partition by person_id order by journey_number rows between unbounded preceding and 1 preceding
        ) as bigint), 0) as earlier_order_count
    from measured
),

back_steps as (
    select journey_id, cast(count(*) as bigint) as back_step_count
    from journeys.stage_visits
    where is_followed_by_back_step
    group by journey_id
)

select
    measured.journey_id,        -- person and number
    measured.person_id,         -- of journeys.people
    measured.journey_number,    -- 1 for the person's first journey
    measured.started_at,        -- UTC instant of the first touchpoint
    measured.last_touched_at,   -- UTC instant of the last touchpoint
    measured.last_contact_at,   -- UTC instant of the last contact: what follows an order by itself (its delivery) is none
    measured.purchased_at,      -- UTC instant of the first order; null: none
    measured.touchpoint_count,  -- touchpoints of all sources
    measured.session_count,     -- sessions on the site
    measured.order_count,       -- orders placed
    reached.furthest_required_position,  -- of the furthest required stage; null: none was reached
    reached.required_stage_count,  -- required stages that were touched
    coalesce(back_steps.back_step_count, 0) as back_step_count,  -- times it went back to an earlier stage
    case
        when measured.order_count > 0 and earlier_purchases.earlier_order_count = 0 then 'first purchase'
        when measured.order_count > 0 then 'renewal'
        when measured.opened_in = 'support' then 'support'
        else 'usage'
    end as journey_type,        -- first purchase, renewal, support or usage
from measured
inner join earlier_purchases on measured.journey_id = earlier_purchases.journey_id
left join reached on measured.journey_id = reached.journey_id
left join back_steps on measured.journey_id = back_steps.journey_id
