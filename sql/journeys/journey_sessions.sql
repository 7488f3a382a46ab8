-- One row per session within a journey: the channel that the customer came by, and that of the sessions around it.
-- A purchase in the middle of a session may cut it: then it is in two journeys. Runaway sessions are passed over; what
-- has no session (the states of an order, what the shop does, contacts off the site) is none.
-- keyed by: person_id
-- within person_id: journey_id, session_id
-- key: journey_id, session_id
with pieces as (
    select person_id, journey_id, session_id, min(occurred_at) as begun_at
    from journeys.journey_touchpoints
    where session_id is not null
    group by person_id, journey_id, session_id
)

select
    pieces.journey_id,          -- of journeys.journeys
    pieces.session_id,          -- of journeys.sessions
    pieces.person_id,           -- of journeys.people
    row_number() over (partition by pieces.journey_id order by pieces.begun_at, pieces.session_id)
        as visit_number,        -- 1 for the journey's first session
    pieces.begun_at,            -- UTC instant of its first touchpoint in the journey
    sessions.channel,           -- of the session
    lead(sessions.channel) over in_journey as next_channel,  -- of the next session of the journey; null: none
    lead(pieces.begun_at) over in_journey as next_begun_at,  -- the UTC instant at which that one begins in it
from pieces
inner join journeys.sessions as sessions
    on pieces.person_id = sessions.person_id and pieces.session_id = sessions.session_id
window in_journey as (partition by pieces.journey_id order by pieces.begun_at, pieces.session_id)
