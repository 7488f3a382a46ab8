-- One row per calendar retention table of journey.yaml, cohort and period after it: who came back in it.
-- A cohort is the persons with an entry in one hour, day, week (from Monday) or month of the shop's time: of each person
-- the first entry ever, or every one. Interval 0 is the cohort itself. A period that has not ended at the data cut-off is
-- null, never 0; so is one of a cohort before all sources are known. These are the calendar variants; the headline counts elapsed days (metrics.retention_cohorts).
-- key: retention_id, cohort_at, interval_number
with touches as (
    select
        retentions.retention_id,
        retentions.period,
        retentions.cohort,
        roles.role,
        touchpoints.person_id,
        shop_time(touchpoints.occurred_at, knobs.time_zone) as local_at
    from journeys.touchpoints as touchpoints
    cross join settings.shop as knobs
    inner join settings.retention_touchpoints as roles
        on
            roles.touchpoint = touchpoints.touchpoint
            or (roles.touchpoint is null and touchpoints.source <> 'invitations')
    inner join settings.retentions as retentions on roles.retention_id = retentions.retention_id
),

periods as (
    select distinct
        retention_id,
        period,
        cohort,
        role,
        person_id,
        case period
            when 'hour' then date_trunc('hour', local_at)
            when 'day' then cast(date_trunc('day', local_at) as timestamp)
            when 'week' then cast(date_trunc('week', local_at) as timestamp)
            else cast(date_trunc('month', local_at) as timestamp)
        end as period_at
    from touches
),

entries as (
    select
        retention_id,
        period,
        person_id,
        period_at as cohort_at
    from periods
    where role = 'entry'
    qualify cohort = 'every' or row_number() over (partition by retention_id, person_id order by period_at) = 1
),

sizes as (
    select
        retention_id,
        period,
        cohort_at,
        cast(count(*) as bigint) as cohort_size
    from entries
    group by retention_id, period, cohort_at
),

horizons as (
    select
        shop_time(cut_off.visits_from, knobs.time_zone) as known_from,
        shop_time(cut_off.visits_until, knobs.time_zone) as known_until
    from metrics.cut_off as cut_off
    cross join settings.shop as knobs
),

returns as (
    select
        entries.retention_id,
        entries.cohort_at,
        entries.person_id,
        case entries.period
            when 'hour' then date_diff('hour', entries.cohort_at, periods.period_at)
            when 'day' then date_diff('day', entries.cohort_at, periods.period_at)
            when 'week' then date_diff('day', entries.cohort_at, periods.period_at) // 7
            else date_diff('month', entries.cohort_at, periods.period_at)
        end as interval_number
    from entries
    inner join periods
        on
            entries.retention_id = periods.retention_id
            and entries.person_id = periods.person_id
            and periods.role = 'comeback'
            and periods.period_at > entries.cohort_at
),

counts as (
    select
        retention_id,
        cohort_at,
        interval_number,
        cast(count(distinct person_id) as bigint) as returned_count
    from returns
    group by retention_id, cohort_at, interval_number
),


cells as (
    select
        sizes.retention_id,
        sizes.period,
        sizes.cohort_at,
        sizes.cohort_size,
        cast(g.n as bigint) as interval_number,
        case sizes.period
            when 'hour' then sizes.cohort_at + (g.n + 1) * interval 1 hour
            when 'day' then sizes.cohort_at + (g.n + 1) * interval 1 day
            when 'week' then sizes.cohort_at + (g.n + 1) * interval 7 day
            else sizes.cohort_at + (g.n + 1) * interval 1 month
        end <= horizons.known_until
        and coalesce(
            sizes.cohort_at >= case sizes.period
                when 'hour' then date_trunc('hour', horizons.known_from)
                when 'day' then cast(date_trunc('day', horizons.known_from) as timestamp)
                when 'week' then cast(date_trunc('week', horizons.known_from) as timestamp)
                else cast(date_trunc('month', horizons.known_from) as timestamp)
            end,
            true
        ) as is_finished
    from sizes
    cross join horizons
    cross join unnest(generate_series(0, 23)) as g (n)
)

select
    cells.retention_id,         -- of settings.retentions
    cells.cohort_at,            -- shop time at which the cohort's period begins
    cells.interval_number,      -- periods after the cohort's; 0 is the cohort itself
    cells.cohort_size,          -- persons with an entry in the cohort's period
    cells.is_finished,          -- the period has ended at the data cut-off
    case
        when cells.interval_number = 0 then cells.cohort_size
        when cells.is_finished then coalesce(counts.returned_count, 0)
    end as returned_count,      -- persons of the cohort who came back in the period; null: it has not ended
    case
        when cells.interval_number = 0 then 1.0
        when cells.is_finished then rate(coalesce(counts.returned_count, 0), cells.cohort_size)
    end as retention_rate,      -- returned / cohort; null: the period has not ended
from cells
left join counts
    on
        cells.retention_id = counts.retention_id
        and cells.cohort_at = counts.cohort_at
        and cells.interval_number = counts.interval_number
where cells.interval_number = 0 or cells.is_finished
