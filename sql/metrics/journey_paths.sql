-- One row per journey: the path that it took, which is its stages in the order of their visits, as `discovery → cart`.
-- A run of touchpoints in one stage is one visit (journeys.stage_visits). A path is open until the inactivity limit has passed
-- since the journey's last contact, also where another journey of the person began meanwhile: its order may be under way.
-- What comes with an order later than that is not in the path, so that it never changes again.
-- Intended: the visits to required stages that the exports can show come in the order of the intended path, each once
-- and none left out before the last, and no forbidden stage is entered; a path that ends early may still be so. Time
-- limits and touchpoints are not of the path: metrics.path_conformance.
-- key: journey_id
with ends as (
    select
        journeys.journey_id,
        instant_after(journeys.last_contact_at, shop.inactivity_seconds) as settled_at,
        case
            when journeys.started_at < cut_off.visits_from then 'uncovered'
            when
                coalesce(
                    elapsed_seconds(journeys.last_contact_at, cut_off.visits_until) <= shop.inactivity_seconds, true
                )
                then 'open'
            when journeys.purchased_at is not null then 'ordered'
            else 'dropped'
        end as outcome
    from journeys.journeys as journeys
    cross join settings.shop as shop
    cross join metrics.cut_off as cut_off
),

required as (
    select path.stage, row_number() over (order by path.stage_position, path.stage) as required_number
    from settings.path_stages as path
    inner join metrics.measured_stages as measured on path.stage = measured.stage
    where path.rule = 'required'
),

visits as (
    select
        visits.journey_id,
        visits.visit_number,
        visits.stage,
        visits.entered_at,
        path.rule,
        required.required_number,
        last_value(required.required_number ignore nulls) over (
            partition by visits.journey_id order by visits.visit_number
            rows between unbounded preceding and 1 preceding
        ) as number_before
    from journeys.stage_visits as visits
    inner join ends on visits.journey_id = ends.journey_id and visits.entered_at <= ends.settled_at
    inner join settings.path_stages as path on visits.stage = path.stage
    left join required on visits.stage = required.stage
),

paths as (
    select
        journey_id,
        string_agg(stage, ' → ' order by visit_number) as path,
        cast(count(*) as bigint) as visit_count,
        elapsed_seconds(min(entered_at), max(entered_at)) as path_seconds,
        bool_or(
            rule = 'forbidden'
            or required_number < number_before
            or required_number > coalesce(number_before, 0) + 1
        ) as strays
    from visits
    group by journey_id
)

select
    journeys.journey_id,        -- of journeys.journeys
    journeys.person_id,         -- of journeys.people
    journeys.journey_type,      -- first purchase, renewal, support or usage
    journeys.started_at,        -- UTC instant of the first touchpoint
    coalesce(paths.path, 'no stage') as path,  -- stages of settings.stages in the order of their visits; no stage: none was touched
    coalesce(paths.visit_count, 0) as visit_count,  -- stage visits in the path
    coalesce(paths.path_seconds, 0) as path_seconds,  -- from entering its first stage to entering its last one
    not coalesce(paths.strays, false) as is_intended,  -- it keeps to the intended path as far as it goes
    case when journeys.purchased_at is not null then journeys.net_revenue end
        as net_revenue,         -- of its order, in the shop's currency; null: none, or not known
    ends.outcome,               -- ordered (with a purchase), dropped (without), open (its path may go on) or uncovered
from journeys.journeys as journeys
inner join ends on journeys.journey_id = ends.journey_id
left join paths on journeys.journey_id = paths.journey_id
