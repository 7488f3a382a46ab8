-- One row per stage of the map: how many journeys reach it, go on, drop there or are still open.
-- A journey reaches a required stage when it has a touchpoint in it or in a later required one; an optional stage has a
-- reach of its own and never gates. Drop-off = matured journeys whose furthest required stage this is / matured journeys
-- that reached it (metrics.matured_journeys). Journeys that began before both click-stream and orders are known are in
-- none of these counts, but in their own. Revenue at stake: of these, as if each ordered like the average order. The
-- last required stage that the exports can show (metrics.measured_stages) has no drop-off: it is where the map ends.
-- key: stage
with knobs as (
    select small_cell from settings.shop
),

outcomes as (
    select
        journeys.journey_id,
        journeys.furthest_required_position,
        matured.journey_id is not null as is_matured,
        coalesce(journeys.started_at >= cut_off.visits_from, true) as is_covered
    from journeys.journeys as journeys
    cross join metrics.cut_off as cut_off
    left join metrics.matured_journeys as matured on journeys.journey_id = matured.journey_id
),

touches as (
    select
        visits.journey_id,
        visits.stage,
        cast(sum(cast(visits.visit_seconds as decimal(18, 6))) as double) as stage_seconds,
        cast(count(*) filter (where visits.is_followed_by_back_step) as bigint) as back_step_count
    from journeys.stage_visits as visits
    group by visits.journey_id, visits.stage
),

reaches as (
    select
        stages.stage,
        outcomes.journey_id,
        outcomes.is_matured,
        outcomes.is_covered,
        stages.is_required and outcomes.furthest_required_position = stages.stage_position as is_furthest,
        touches.journey_id is not null as is_touched,
        touches.stage_seconds,
        coalesce(touches.back_step_count, 0) as back_step_count
    from settings.stages as stages
    cross join outcomes
    left join touches on stages.stage = touches.stage and outcomes.journey_id = touches.journey_id
    where
        touches.journey_id is not null
        or (stages.is_required and outcomes.furthest_required_position >= stages.stage_position)
),

counts as (
    select
        stage,
        cast(count(*) filter (where is_covered) as bigint) as reached_count,
        cast(count(*) filter (where not is_covered) as bigint) as uncovered_count,
        cast(count(*) filter (where is_matured) as bigint) as matured_count,
        cast(count(*) filter (where is_matured and is_furthest) as bigint) as dropped_count,
        cast(count(*) filter (where is_covered and not is_matured) as bigint) as open_count,
        cast(count(*) filter (where is_covered and not is_touched) as bigint) as skipped_count,
        cast(sum(case when is_covered then back_step_count else 0 end) as bigint) as back_step_count,
        median(case when is_covered and is_touched then stage_seconds end) as median_seconds
    from reaches
    group by stage
),

required_stages as (
    select
        stages.stage,
        stages.stage_position = max(stages.stage_position) over () as is_last,
        coalesce(
            lead(coalesce(counts.matured_count, 0)) over (order by stages.stage_position), 0
        ) as next_matured_count,
        last_value(coalesce(counts.matured_count, 0)) over (
            order by stages.stage_position rows between unbounded preceding and unbounded following
        ) as last_matured_count
    from metrics.measured_stages as stages
    left join counts on stages.stage = counts.stage
    where stages.is_required
),

csat as (
    select
        stage,
        cast(count(*) as bigint) as answer_count,
        avg(cast(score_of_10 as decimal(38, 18))) as mean_of_10
    from journeys.survey_answers
    where stage is not null
    group by stage
)

select
    stages.stage,               -- of settings.stages
    stages.stage_label,         -- as in journey.yaml
    stages.stage_position,      -- on the map
    stages.is_required,         -- optional stages never gate
    stages.stage in (select stage from metrics.measured_stages) as is_measured,  -- the loaded exports can show it
    coalesce(counts.reached_count, 0) as reached_count,  -- journeys that reached it, open ones too
    coalesce(counts.matured_count, 0) as matured_count,  -- of these, journeys that are over
    case when stages.is_required and not required_stages.is_last then coalesce(counts.dropped_count, 0) end as dropped_count,  -- matured journeys that got no further; null: nothing to go on to
    coalesce(counts.open_count, 0) as open_count,  -- journeys that may still go on, in no rate
    coalesce(counts.uncovered_count, 0) as uncovered_count,  -- journeys that began before all is known, in no count here
    coalesce(counts.skipped_count, 0) as skipped_count,  -- reached a later required stage without a touchpoint here
    coalesce(counts.back_step_count, 0) as back_step_count,  -- times a journey went from here to an earlier stage
    counts.median_seconds,      -- time in the stage, median over the journeys that touched it
    case
        when stages.is_required and not required_stages.is_last
            then rate(counts.dropped_count, counts.matured_count)
    end as drop_off_rate,       -- dropped / matured
    case
        when stages.is_required and not required_stages.is_last
            then
                wilson_low(counts.dropped_count, counts.matured_count)
    end as drop_off_low,        -- Wilson 95 %
    case
        when stages.is_required and not required_stages.is_last
            then
                wilson_high(counts.dropped_count, counts.matured_count)
    end as drop_off_high,       -- Wilson 95 %
    case
        when stages.is_required and not required_stages.is_last
            then
                revenue_at_stake(
                    counts.dropped_count, required_stages.next_matured_count, required_stages.last_matured_count,
                    order_value.average_order_value
                )
    end as revenue_at_stake,    -- in the shop's currency
    stages.to_be_rate,          -- target share that goes on
    csat.mean_of_10 as satisfaction_mean,  -- mean of the answers about this stage, 0–10
    coalesce(csat.answer_count, 0) as answer_count,  -- answers about this stage
    is_small_cell(counts.matured_count, knobs.small_cell) as is_small,  -- too few to rank the rate
from settings.stages as stages
cross join knobs
cross join metrics.order_value as order_value
left join counts on stages.stage = counts.stage
left join required_stages on stages.stage = required_stages.stage
left join csat on stages.stage = csat.stage
