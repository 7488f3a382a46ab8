-- One row per retention, cohort and person in it: since when, how many of the person's intervals are over at the data
-- cut-off, and in which ones the person came back. The people behind every cell of metrics.retention_by_segment.
-- Three clocks: intervals of so many seconds since the person's own start, calendar periods of the shop's time, and
-- brackets of days since the start (settings.retention_brackets). Of a retention of touchpoints, what is done in the
-- first interval or on the first day belongs to the visit of the entry, and is no comeback; another order always is one.
-- key: retention_id, cohort_at, person_id
with horizons as (
    select
        cut_off.orders_until,
        cut_off.visits_until,
        shop_time(cut_off.visits_from, knobs.time_zone) as known_from,
        knobs.time_zone
    from metrics.cut_off as cut_off
    cross join settings.shop as knobs
),

touches as (
    select
        retentions.retention_id,
        retentions.cohort,
        roles.role,
        touchpoints.person_id,
        touchpoints.touchpoint_id,
        touchpoints.session_id,
        touchpoints.occurred_at,
        period_start(
            shop_time(touchpoints.occurred_at, horizons.time_zone), retentions.period, retentions.week_shift_days
        ) as period_at
    from journeys.touchpoints as touchpoints
    cross join horizons
    inner join settings.retention_touchpoints as roles
        on
            roles.touchpoint = touchpoints.touchpoint
            or (roles.touchpoint is null and touchpoints.source <> 'invitations')
    inner join settings.retentions as retentions on roles.retention_id = retentions.retention_id
),

-- A cohort is entered by the first entry in its period; of `first`, by the first one ever.
entries as (
    select
        retention_id,
        person_id,
        period_at as cohort_at,
        min(occurred_at) as entered_at,
        arg_min(session_id, (occurred_at, touchpoint_id)) as session_id
    from touches
    where role = 'entry'
    group by retention_id, cohort, person_id, period_at
    qualify cohort = 'every' or row_number() over (partition by retention_id, person_id order by period_at) = 1
),

members as (
    select
        'orders' as retention_id,
        first_orders.person_id,
        period_start(
            shop_time(first_orders.ordered_at, horizons.time_zone), retentions.period, retentions.week_shift_days
        ) as cohort_at,
        first_orders.ordered_at as entered_at,
        first_orders.session_id,
        first_orders.is_covered,
        horizons.orders_until as known_until
    from metrics.first_orders as first_orders
    inner join settings.retentions as retentions on retentions.retention_id = 'orders'
    cross join horizons
    union all
    select
        entries.retention_id,
        entries.person_id,
        entries.cohort_at,
        entries.entered_at,
        entries.session_id,
        coalesce(
            entries.cohort_at
            >= period_start(horizons.known_from, retentions.period, retentions.week_shift_days),
            true
        ),
        horizons.visits_until
    from entries
    inner join settings.retentions as retentions on entries.retention_id = retentions.retention_id
    cross join horizons
),

comebacks as (
    select
        members.retention_id,
        members.person_id,
        members.cohort_at,
        orders.since_first_seconds as since_seconds,
        period_start(
            shop_time(orders.ordered_at, horizons.time_zone), retentions.period, retentions.week_shift_days
        ) as period_at,
        0 as first_interval
    from members
    inner join metrics.repeat_orders as orders on members.person_id = orders.person_id
    inner join settings.retentions as retentions on members.retention_id = retentions.retention_id
    cross join horizons
    where members.retention_id = 'orders'
    union all
    select
        entries.retention_id,
        entries.person_id,
        entries.cohort_at,
        elapsed_seconds(entries.entered_at, touches.occurred_at),
        touches.period_at,
        1
    from entries
    inner join touches
        on
            entries.retention_id = touches.retention_id
            and entries.person_id = touches.person_id
            and touches.role = 'comeback'
            and entries.entered_at < touches.occurred_at
),

-- By the three clocks, the number of each interval with a comeback.
numbered as (
    select
        'intervals' as clock, comebacks.retention_id, comebacks.person_id, comebacks.cohort_at,
        whole_periods(comebacks.since_seconds, retentions.interval_seconds) as interval_number,
        retentions.at_least
    from comebacks
    inner join settings.retentions as retentions on comebacks.retention_id = retentions.retention_id
    where whole_periods(comebacks.since_seconds, retentions.interval_seconds) >= comebacks.first_interval
    union all
    select
        'periods', comebacks.retention_id, comebacks.person_id, comebacks.cohort_at,
        periods_between(comebacks.cohort_at, comebacks.period_at, retentions.period),
        retentions.at_least
    from comebacks
    inner join settings.retentions as retentions on comebacks.retention_id = retentions.retention_id
    where comebacks.period_at > comebacks.cohort_at
    union all
    select
        'brackets', comebacks.retention_id, comebacks.person_id, comebacks.cohort_at, brackets.bracket_number,
        retentions.at_least
    from comebacks
    inner join settings.retentions as retentions on comebacks.retention_id = retentions.retention_id
    inner join settings.retention_brackets as brackets
        on
            whole_periods(comebacks.since_seconds, 86400) between brackets.from_day and brackets.to_day
            and whole_periods(comebacks.since_seconds, 86400) >= comebacks.first_interval
),

intervals as (
    select clock, retention_id, person_id, cohort_at, interval_number
    from numbered
    group by clock, retention_id, person_id, cohort_at, interval_number, at_least
    having count(*) >= at_least
),

returns as (
    select
        retention_id,
        person_id,
        cohort_at,
        list(interval_number order by interval_number) filter (where clock = 'intervals') as returned_intervals,
        list(interval_number order by interval_number) filter (where clock = 'periods') as returned_periods,
        list(interval_number order by interval_number) filter (where clock = 'brackets') as returned_brackets
    from intervals
    group by retention_id, person_id, cohort_at
),

finished as (
    select
        members.retention_id,
        members.person_id,
        members.cohort_at,
        greatest(
            whole_periods(elapsed_seconds(members.entered_at, members.known_until), retentions.interval_seconds), 0
        ) as finished_interval_count,
        greatest(
            periods_between(
                members.cohort_at,
                period_start(
                    shop_time(members.known_until, horizons.time_zone), retentions.period, retentions.week_shift_days
                ),
                retentions.period
            ),
            0
        ) as finished_period_count,
        (
            select cast(count(*) as bigint) from settings.retention_brackets as brackets
            where
                brackets.to_day < whole_periods(elapsed_seconds(members.entered_at, members.known_until), 86400)
        ) as finished_bracket_count
    from members
    inner join settings.retentions as retentions on members.retention_id = retentions.retention_id
    cross join horizons
)

select
    members.retention_id,       -- of settings.retentions
    members.cohort_at,          -- shop time at which the cohort's period begins
    members.person_id,          -- of journeys.people
    members.entered_at,         -- UTC instant of the first order, or the entry
    members.session_id,         -- of journeys.sessions: the one it belongs to; null: none
    members.is_covered,         -- false: began before what would show it is known; in no rate
    finished.finished_interval_count,  -- intervals since the start that are over at the data cut-off
    finished.finished_period_count,  -- calendar periods that are over, that of the cohort is the first
    finished.finished_bracket_count,  -- brackets that are over, by their last day
    coalesce(returns.returned_intervals, []) as returned_intervals,  -- numbers of the intervals with a comeback, ascending
    list_concat([0], coalesce(returns.returned_periods, [])) as returned_periods,  -- 0, that of the cohort, and the numbers of the periods with a comeback
    coalesce(returns.returned_brackets, []) as returned_brackets,  -- numbers of the brackets with a comeback
from members
inner join finished
    on
        members.retention_id = finished.retention_id
        and members.person_id = finished.person_id
        and members.cohort_at = finished.cohort_at
left join returns
    on
        members.retention_id = returns.retention_id
        and members.person_id = returns.person_id
        and members.cohort_at = returns.cohort_at
