-- One row per retention, kind, cohort, segment and interval: of those for whom the interval is over at the data cut-off,
-- how many came back. Customers who order again (retention `orders`) by each dimension of the first order's session and
-- over all; the others over all alone (a notebook asks for their segments).
-- Kinds: on (in interval N), on_or_after (in N or later), recurring (in each of 1 … N), cumulative (in any up to N), bracket
-- (in that bracket of days), calendar (in the N-th calendar period after the cohort's; 0 is the cohort itself).
-- entered = returned + dropped + open. An interval that no one has finished has no rate, never 0. What `on_or_after`
-- says may still grow when it is over; the others never change.
-- key: retention_id, kind, cohort_at, dimension, value, interval_number
with members as (
    select
        members.retention_id,
        members.person_id,
        members.cohort_at,
        segments.dimension,
        segments.value,
        members.is_covered,
        members.finished_interval_count,
        members.finished_period_count,
        members.finished_bracket_count,
        members.returned_intervals,
        members.returned_periods,
        members.returned_brackets
    from metrics.retention_members as members
    inner join metrics.first_order_segments as segments on members.person_id = segments.person_id
    where members.retention_id = 'orders'
    union all
    select
        members.retention_id,
        members.person_id,
        members.cohort_at,
        'all',
        'all',
        members.is_covered,
        members.finished_interval_count,
        members.finished_period_count,
        members.finished_bracket_count,
        members.returned_intervals,
        members.returned_periods,
        members.returned_brackets
    from metrics.retention_members as members
    where members.retention_id <> 'orders'
),

-- Each by the three clocks.
followed as (
    select
        'intervals' as clock, retention_id, person_id, cohort_at, dimension, value, is_covered,
        finished_interval_count as finished_count, returned_intervals as returned
    from members
    union all
    select
        'periods', retention_id, person_id, cohort_at, dimension, value, is_covered,
        finished_period_count, returned_periods
    from members
    union all
    select
        'brackets', retention_id, person_id, cohort_at, dimension, value, is_covered,
        finished_bracket_count, returned_brackets
    from members
),

-- Those of whom the same is known are counted together: most came back in no interval at all.
profiles as (
    select
        clock,
        retention_id,
        cohort_at,
        dimension,
        value,
        is_covered,
        finished_count,
        returned,
        count(*) as member_count
    from followed
    group by clock, retention_id, cohort_at, dimension, value, is_covered, finished_count, returned
),

-- Interval 0 of touchpoints is the visit of the entry; N in a row begins with interval 1.
asked as (
    select 'on' as kind, 'intervals' as clock, 0 as of_orders_from, 1 as of_others_from
    union all
    select 'on_or_after', 'intervals', 0, 1
    union all
    select 'cumulative', 'intervals', 0, 1
    union all
    select 'recurring', 'intervals', 1, 1
    union all
    select 'calendar', 'periods', 0, 0
    union all
    select 'bracket', 'brackets', 0, 0
),

numbers as (
    select cast(g.n as bigint) as interval_number
    from unnest(generate_series(0, 23)) as g (n)
),

cells as (
    select
        retentions.retention_id,
        asked.kind,
        asked.clock,
        numbers.interval_number,
        brackets.from_day,
        brackets.to_day
    from settings.retentions as retentions
    cross join asked
    cross join numbers
    left join settings.retention_brackets as brackets
        on asked.kind = 'bracket' and numbers.interval_number = brackets.bracket_number
    where
        (asked.kind <> 'bracket' or brackets.bracket_number is not null)
        and numbers.interval_number
        >= case when retentions.retention_id = 'orders' then asked.of_orders_from else asked.of_others_from end
        and (numbers.interval_number <= 11 or asked.kind = 'bracket' or retentions.retention_id <> 'orders')
),

outcomes as (
    select
        profiles.*,
        cells.kind,
        cells.interval_number,
        cells.from_day,
        cells.to_day,
        profiles.is_covered and profiles.finished_count > cells.interval_number as is_finished,
        is_retained(cells.kind, cells.interval_number, profiles.returned) as is_returned
    from profiles
    inner join cells on profiles.retention_id = cells.retention_id and profiles.clock = cells.clock
),

counts as (
    select
        retention_id,
        kind,
        cohort_at,
        dimension,
        value,
        interval_number,
        from_day,
        to_day,
        cast(sum(case when is_covered then member_count else 0 end) as bigint) as entered_count,
        cast(sum(case when is_finished then member_count else 0 end) as bigint) as finished_count,
        cast(sum(case when is_finished and is_returned then member_count else 0 end) as bigint) as returned_count,
        cast(sum(case when is_covered then 0 else member_count end) as bigint) as uncovered_count
    from outcomes
    group by retention_id, kind, cohort_at, dimension, value, interval_number, from_day, to_day
)

select
    counts.retention_id,        -- of settings.retentions
    counts.kind,                -- on, on_or_after, recurring, cumulative, bracket or calendar
    counts.cohort_at,           -- shop time at which the cohort's period begins
    counts.dimension,           -- all, or of metrics.first_order_segments
    counts.value,               -- all, or of metrics.first_order_segments
    counts.interval_number,     -- N; of brackets their number
    counts.from_day,            -- first day of the bracket, 0 is the first 24 hours; null: no bracket
    counts.to_day,              -- last day of the bracket, which is in it; null: no bracket
    counts.entered_count,       -- persons of the cohort in the segment
    counts.finished_count,      -- of these, for whom the interval is over at the data cut-off
    counts.returned_count,      -- of these, who came back as the kind says
    counts.finished_count - counts.returned_count as dropped_count,  -- for whom it is over, and who did not
    counts.entered_count - counts.finished_count as open_count,  -- for whom it is not over yet
    counts.uncovered_count,     -- in no rate, and not entered: began before what would show it is known
    rate(counts.returned_count, counts.finished_count) as retention_rate,  -- returned / finished; null: nobody has finished it
    wilson_low(counts.returned_count, counts.finished_count) as retention_low,  -- 95 % interval of the rate
    wilson_high(counts.returned_count, counts.finished_count) as retention_high,  -- 95 % interval of the rate
    is_small_cell(counts.finished_count, shop.small_cell) as is_small,  -- too few have finished it to compare by
from counts
cross join settings.shop as shop
