-- One row per journey and required stage that it reached: when it got there, and when past it, as the map counts it.
-- A journey reaches a required stage with its first touchpoint in it or in a later required one, and is past it with the
-- first one in a later required stage: whoever skips a stage reaches it and is past it at once. Of the stages that the
-- exports can show (metrics.measured_stages); the last of them has nothing to go on to and is not here. How soon counts,
-- and for whom it is too early to say, is the figure's affair (metrics.kpi_attempts, stage_passage:<stage>).
-- key: journey_id, stage
with required_stages as (
    select stage, stage_position, lead(stage_position) over (order by stage_position) as next_position
    from metrics.measured_stages
    where is_required
),

visits as (
    select
        touched.journey_id,
        touched.person_id,
        touched.visit_number,
        touched.session_id,
        touched.stage_position,
        touched.entered_at
    from journeys.stage_visits as touched
    inner join required_stages on touched.stage = required_stages.stage
)

select
    visits.journey_id,          -- of journeys.journeys
    visits.person_id,           -- of journeys.people
    required_stages.stage,      -- of settings.stages
    min(visits.entered_at) as reached_at,  -- UTC instant at which the journey reached the stage
    min(visits.entered_at) filter (where visits.stage_position >= required_stages.next_position)
        as passed_at,           -- UTC instant of the first touchpoint in a later required stage; null: none
    arg_min_null(visits.session_id, visits.visit_number) as session_id,  -- of journeys.sessions, in which it reached the stage; null: off the site
from required_stages
inner join visits on required_stages.stage_position <= visits.stage_position
where required_stages.next_position is not null
group by visits.journey_id, visits.person_id, required_stages.stage
