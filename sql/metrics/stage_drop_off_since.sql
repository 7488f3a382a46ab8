-- One row per required stage of the map that can be gone on from: since when it loses what it loses. Weeks of the journeys'
-- begin are walked from the newest back; the first that differs from all later ones together ends the walk: at least a small
-- cell on either side, by at least a tenth of the later drop-off, and so far that one walk in twenty would stop by chance (a
-- test of two shares by their pooled one, its level divided by the weeks that are compared). Weeks of which more than one
-- in twenty journeys is open are left out: those that are over there are the quick ones, most of which went on.
-- key: stage
with weeks as (
    select cast(date_trunc('week', entered_on) as date) as week_on
    from metrics.drop_off_attempts
    where funnel_id = 'map:stages'
    group by date_trunc('week', entered_on)
    having
        count(*) filter (where state = 'matured') > 0
        and count(*) filter (where state = 'open') <= 0.05 * count(*) filter (where state in ('matured', 'open'))
),

counts as (
    select
        steps.step_number - 1 as required_number,
        weeks.week_on,
        cast(count(*) filter (where attempts.furthest_step >= steps.step_number - 1) as bigint) as matured_count,
        cast(count(*) filter (where attempts.furthest_step = steps.step_number - 1) as bigint) as dropped_count
    from metrics.drop_off_attempts as attempts
    inner join weeks on cast(date_trunc('week', attempts.entered_on) as date) = weeks.week_on
    inner join metrics.drop_off_steps as steps on attempts.funnel_id = steps.funnel_id
    where attempts.funnel_id = 'map:stages' and attempts.state = 'matured' and steps.step_number > 1
    group by steps.step_number, weeks.week_on
),

walked as (
    select
        *,
        cast(sum(matured_count) over later as bigint) as later_matured,
        cast(sum(dropped_count) over later as bigint) as later_dropped,
        count(*) over (partition by required_number) as week_count
    from counts
    window later as (partition by required_number order by week_on rows between 1 following and unbounded following)
),

compared as (
    select
        walked.required_number,
        walked.week_on,
        walked.week_count,
        rate(walked.dropped_count, walked.matured_count) as drop_off_rate,
        rate(walked.later_dropped, walked.later_matured) as later_rate,
        rate(walked.dropped_count + walked.later_dropped, walked.matured_count + walked.later_matured) as pooled_rate,
        1.0 / nullif(walked.matured_count, 0) + 1.0 / nullif(walked.later_matured, 0) as inverse_counts
    from walked
    cross join settings.shop as shop
    where walked.matured_count >= shop.small_cell and walked.later_matured >= shop.small_cell
),

ends as (
    select required_number, max(week_on) as other_week_on
    from compared
    where
        pooled_rate > 0 and pooled_rate < 1
        and abs(drop_off_rate - later_rate) >= 0.1 * later_rate
        and two_sided_p(
            (drop_off_rate - later_rate) / nullif(sqrt(pooled_rate * (1 - pooled_rate) * inverse_counts), 0)
        )
        < 0.05 / nullif(week_count - 1, 0)
    group by required_number
),

sides as (
    select
        counts.required_number,
        min(counts.week_on) as from_on,
        min(counts.week_on) filter (where counts.week_on > coalesce(ends.other_week_on, date '0001-01-01')) as since_on,
        max(counts.week_on) + 6 as until_on,
        cast(
            sum(case when counts.week_on > coalesce(ends.other_week_on, date '0001-01-01') then counts.matured_count else 0 end)
            as bigint
        ) as matured_count,
        cast(
            sum(case when counts.week_on > coalesce(ends.other_week_on, date '0001-01-01') then counts.dropped_count else 0 end)
            as bigint
        ) as dropped_count,
        cast(sum(case when counts.week_on = ends.other_week_on then counts.matured_count else 0 end) as bigint) as other_matured,
        cast(sum(case when counts.week_on = ends.other_week_on then counts.dropped_count else 0 end) as bigint) as other_dropped
    from counts
    left join ends on counts.required_number = ends.required_number
    group by counts.required_number
)

select
    stages.stage,               -- of settings.stages
    sides.from_on,              -- Monday of the first week that is compared
    sides.since_on,             -- Monday since which every week is like the later ones; from_on: as long as can be told
    sides.until_on,             -- Sunday of the last week that is compared
    sides.matured_count,        -- journeys begun since then that reached the stage and are over
    sides.dropped_count,        -- of these, those that got no further
    rate(sides.dropped_count, sides.matured_count) as drop_off_rate,  -- dropped / matured, since then
    rate(sides.other_dropped, sides.other_matured) as other_rate  -- the same of the week before; null: there is none
from sides
inner join metrics.measured_stages as stages on sides.required_number = stages.required_number
