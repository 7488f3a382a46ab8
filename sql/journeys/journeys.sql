-- One row per journey: a purchase cycle of a person. Facts and instants only; whether it is over depends on the data
-- cut-off and is said in metrics. Type: first purchase, renewal (a later purchase), support (opened by a ticket, return
-- or help page), usage (none of these).
-- Lists are text in a fixed order, joined by ', ': stages in the order of the map, channels by their first touchpoint.
-- keyed by: person_id
-- key: journey_id
with parts as (
    select
        min(person_id) as person_id,
        journey_id,
        min(journey_number) as journey_number,
        session_id,
        case when session_id is null and source <> 'invitations' then channel end as own_channel,
        min(occurred_at) as started_at,
        max(occurred_at) as last_touched_at,
        max(case when is_contact then occurred_at end) as last_contact_at,
        min(case when is_purchase then occurred_at end) as purchased_at,
        cast(count(*) as bigint) as touchpoint_count,
        cast(count(case when is_purchase then order_id end) as bigint) as order_count,
        cast(count(*) filter (where is_purchase) as bigint) as purchase_count,
        min(case when source = 'tickets' then occurred_at end) as ticket_at,
        min(case when staged_number = 1 then occurred_at end) as staged_at,
        max(
            case when staged_number = 1 and source = 'tickets' then 'support' when staged_number = 1 then stage end
        ) as opened_in
    from journeys.journey_touchpoints
    group by
        journey_id,
        session_id,
        case when session_id is null and source <> 'invitations' then channel end
),

lifetimes as (
    select
        person_id,
        journey_id,
        journey_number,
        min(started_at) as started_at,
        max(last_touched_at) as last_touched_at,
        max(last_contact_at) as last_contact_at,
        min(purchased_at) as purchased_at,
        cast(sum(touchpoint_count) as bigint) as touchpoint_count,
        cast(count(session_id) as bigint) as session_count,
        cast(sum(order_count) as bigint) as order_count,
        cast(sum(purchase_count) as bigint) as purchase_count,
        min(ticket_at) as ticket_at,
        min(staged_at) as staged_at,
        max(opened_in) as opened_in
    from parts
    group by person_id, journey_id, journey_number
),

journey_types as (
    select
        person_id,
        journey_id,
        case
            when purchase_count > 0 and coalesce(sum(purchase_count) over (
                partition by person_id order by journey_number rows between unbounded preceding and 1 preceding
            ), 0) = 0 then 'first purchase'
            when purchase_count > 0 then 'renewal'
            when opened_in = 'support' or coalesce(ticket_at < staged_at, ticket_at is not null) then 'support'
            else 'usage'
        end as journey_type
    from lifetimes
),

-- A session's channel is that of its first touchpoint; the states of an order and what the shop does are none
-- that a customer takes.
channels as (
    select
        parts.person_id,
        parts.journey_id,
        coalesce(sessions.channel, parts.own_channel) as channel,
        min(parts.started_at) as first_at
    from parts
    left join journeys.sessions as sessions
        on parts.person_id = sessions.person_id and parts.session_id = sessions.session_id
    where coalesce(sessions.channel, parts.own_channel) not in ('order', 'shop')
    group by parts.person_id, parts.journey_id, coalesce(sessions.channel, parts.own_channel)
),

channel_counts as (
    select person_id, journey_id, cast(count(*) as bigint) as channel_count, min(channel) as only_channel
    from channels
    group by person_id, journey_id
),

-- Most journeys have one channel: only the others' are put in order.
channel_lists as (
    select
        channels.person_id,
        channels.journey_id,
        string_agg(channels.channel, ', ' order by channels.first_at, channels.channel) as channel_list
    from channels
    inner join channel_counts
        on channels.person_id = channel_counts.person_id and channels.journey_id = channel_counts.journey_id
    where channel_counts.channel_count > 1
    group by channels.person_id, channels.journey_id
),

touched_stages as (
    select
        person_id,
        journey_id,
        stage,
        stage_position,
        cast(count(*) as bigint) as visit_count,
        cast(count(*) filter (where is_back_step) as bigint) as back_step_count
    from journeys.stage_visits
    group by person_id, journey_id, stage, stage_position
),

path as (
    select
        touched.person_id,
        touched.journey_id,
        max(case when stages.is_required then touched.stage_position end) as furthest_required_position,
        cast(count(*) filter (where stages.is_required) as bigint) as required_stage_count,
        cast(sum(touched.back_step_count) as bigint) as back_step_count,
        cast(count(*) filter (where touched.visit_count > 1) as bigint) as repeated_stage_count
    from touched_stages as touched
    inner join settings.stages as stages on touched.stage = stages.stage
    group by touched.person_id, touched.journey_id
),

repeats as (
    select
        person_id,
        journey_id,
        string_agg(
            case when visit_count > 1 then stage end, ', ' order by stage_position
        ) as repeated_stages,
        string_agg(
            case when back_step_count > 0 then stage end, ', ' order by stage_position
        ) as gone_back_stages
    from touched_stages
    where visit_count > 1 or back_step_count > 0
    group by person_id, journey_id
),

deviation_counts as (
    select
        deviations.person_id,
        deviations.journey_id,
        cast(count(*) as bigint) as deviation_count,
        cast(count(*) filter (where deviations.kind = 'skip') as bigint) as skipped_stage_count,
        string_agg(
            case when deviations.kind = 'skip' then deviations.place end,
            ', '
            order by stages.stage_position, deviations.deviation_number
        ) as skipped_stages
    from journeys.journey_deviations as deviations
    left join settings.stages as stages on deviations.kind = 'skip' and deviations.place = stages.stage
    group by deviations.person_id, deviations.journey_id
),

outcomes as (
    select
        touchpoints.person_id,
        in_journey.journey_id,
        cast(
            sum(cast(case when touchpoints.event_name = 'order placed' then touchpoints.value end as decimal(38, 4)))
            as double
        ) as net_revenue,
        cast(count(distinct case
            when touchpoints.event_name in ('order delivered', 'order delivered late') then touchpoints.order_id
        end) as bigint) as delivered_order_count,
        cast(count(distinct case
            when touchpoints.event_name = 'order delivered late' then touchpoints.order_id
        end) as bigint) as late_order_count,
        cast(count(distinct case
            when touchpoints.event_name in ('order cancelled', 'order refunded', 'order returned')
                then touchpoints.order_id
        end) as bigint) as undone_order_count,
        cast(count(*) filter (where touchpoints.event_name = 'ticket opened') as bigint) as ticket_count,
        cast(count(*) filter (where touchpoints.source = 'feedback') as bigint) as answer_count
    from journeys.touchpoints as touchpoints
    inner join journeys.journey_touchpoints as in_journey
        on touchpoints.person_id = in_journey.person_id and touchpoints.touchpoint_id = in_journey.touchpoint_id
    where
        touchpoints.source in ('orders', 'feedback', 'tickets')
        and in_journey.source in ('orders', 'feedback', 'tickets')
    group by touchpoints.person_id, in_journey.journey_id
)

select
    lifetimes.journey_id,       -- person and number
    lifetimes.person_id,        -- of journeys.people
    lifetimes.journey_number,   -- 1 for the person's first journey
    lifetimes.started_at,       -- UTC instant of the first touchpoint
    lifetimes.last_touched_at,  -- UTC instant of the last touchpoint
    lifetimes.last_contact_at,  -- UTC instant of the last contact; what follows an order by itself is none
    lifetimes.purchased_at,     -- UTC instant of the first purchase: an order, or a deal won; null: none
    lifetimes.touchpoint_count,  -- touchpoints of all sources
    lifetimes.session_count,    -- sessions on the site
    lifetimes.order_count,      -- orders placed
    path.furthest_required_position,  -- of the furthest required stage; null: none was reached
    coalesce(path.required_stage_count, 0) as required_stage_count,  -- required stages that were touched
    coalesce(path.back_step_count, 0) as back_step_count,  -- times it went back to an earlier stage
    repeats.gone_back_stages,   -- stages it went back to; null: none
    coalesce(path.repeated_stage_count, 0) as repeated_stage_count,  -- stages visited more than once
    repeats.repeated_stages,    -- these stages; null: none
    coalesce(deviation_counts.skipped_stage_count, 0) as skipped_stage_count,  -- required stages passed over
    deviation_counts.skipped_stages,  -- these stages; null: none
    coalesce(deviation_counts.deviation_count, 0) as deviation_count,  -- deviations from the intended path; 0: it conforms
    coalesce(channel_counts.channel_count, 0) as channel_count,  -- channels of its sessions and other contacts
    coalesce(channel_lists.channel_list, channel_counts.only_channel) as channels,  -- these channels; null: none but orders
    outcomes.net_revenue,       -- of its order; null: none, or not known
    coalesce(outcomes.delivered_order_count, 0) as delivered_order_count,  -- orders that arrived
    coalesce(outcomes.late_order_count, 0) as late_order_count,  -- of these, late
    coalesce(outcomes.undone_order_count, 0) as undone_order_count,  -- orders cancelled, refunded or returned
    coalesce(outcomes.ticket_count, 0) as ticket_count,  -- tickets opened
    coalesce(outcomes.answer_count, 0) as answer_count,  -- survey answers and reviews
    journey_types.journey_type,  -- first purchase, renewal, support or usage
from lifetimes
inner join journey_types
    on lifetimes.person_id = journey_types.person_id and lifetimes.journey_id = journey_types.journey_id
left join path on lifetimes.person_id = path.person_id and lifetimes.journey_id = path.journey_id
left join repeats on lifetimes.person_id = repeats.person_id and lifetimes.journey_id = repeats.journey_id
left join deviation_counts
    on lifetimes.person_id = deviation_counts.person_id and lifetimes.journey_id = deviation_counts.journey_id
left join channel_counts
    on lifetimes.person_id = channel_counts.person_id and lifetimes.journey_id = channel_counts.journey_id
left join channel_lists
    on lifetimes.person_id = channel_lists.person_id and lifetimes.journey_id = channel_lists.journey_id
left join outcomes on lifetimes.person_id = outcomes.person_id and lifetimes.journey_id = outcomes.journey_id
