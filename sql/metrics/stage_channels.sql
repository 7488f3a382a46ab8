-- One row per stage and channel: by what journeys came to their touchpoints there. A touchpoint of a visit has the visit's
-- channel; another its own. What the shop does by itself (an order's states, being asked) is no way that a customer takes.
-- A journey that came by several channels counts in each, so shares add up to more than 1.
-- key: stage, channel
with touched as (
    select distinct
        in_journey.journey_id,
        in_journey.stage,
        coalesce(sessions.channel, in_journey.channel) as channel
    from journeys.journey_touchpoints as in_journey
    left join journeys.sessions as sessions
        on in_journey.person_id = sessions.person_id and in_journey.session_id = sessions.session_id
    where in_journey.stage is not null and in_journey.source <> 'invitations'
),

totals as (
    select stage, cast(count(distinct journey_id) as bigint) as stage_journey_count
    from touched
    where channel not in ('order', 'shop')
    group by stage
)

select
    touched.stage,              -- of settings.stages
    touched.channel,            -- of journeys.sessions; of a touchpoint outside of visits its own
    cast(count(*) as bigint) as journey_count,  -- journeys that came to the stage by it
    max(totals.stage_journey_count) as stage_journey_count,  -- journeys that came to the stage by any
    rate(count(*), max(totals.stage_journey_count)) as journey_share,  -- of these
from touched
inner join totals on touched.stage = totals.stage
where touched.channel not in ('order', 'shop')
group by touched.stage, touched.channel
