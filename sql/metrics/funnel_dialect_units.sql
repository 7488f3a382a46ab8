-- One row per person who entered the first funnel of journey.yaml that counts persons, and other tool: how far each says that
-- the person got, and which rule makes the difference. For a funnel in order, without rules between its steps.
-- The tools' documented rules, with the window that each has by default: docs/definitions.md, "Other tools". All count what is
-- not over yet, and none knows when the exports begin. GA4: no window. Mixpanel, counting uniques: the first entry alone.
-- Amplitude and PostHog: of all entries the one that gets furthest. ClickHouse's windowFunnel: the same, and an event may be
-- several steps.
-- How it works: the chain of earliest next steps from an entry is the same whatever the window, which only cuts it off. So
-- each entry is walked once, as if it had a day of its own.
-- key: dialect, person_id
with chosen as (
    select funnel_id, coalesce(window_seconds, 1e15) as most_seconds
    from settings.funnels
    where unit = 'person' and chain = 'funnel_chain'
    order by funnel_number
    limit 1
),

dialects as (
    select 'ga4' as dialect, 1e15 as most_seconds, 'one step' as events_are, true as is_any_entry
    union all
    select 'mixpanel', 7 * 86400.0, 'one step', false
    union all
    select 'amplitude', 30 * 86400.0, 'one step', true
    union all
    select 'posthog', 14 * 86400.0, 'one step', true
    union all
    select 'clickhouse', chosen.most_seconds, 'several steps', true
    from chosen
),

hits as (
    select
        found.*,
        date '1970-01-01' + cast(
            dense_rank() over (
                partition by found.unit_id order by found.occurred_at, found.sequence nulls last, found.touchpoint_id
            ) as integer
        ) as own_day
    from (select * from step_hits) as found
    inner join chosen on found.funnel_id = chosen.funnel_id
),

units as ( -- funnel_chain reads it -- noqa: ST03
    select
        'one step' as funnel_id, cast(null as double) as window_seconds, chain, step_number, unit_id, own_day as unit_on,
        first_step, last_step, has_ties, person_id, session_id, touchpoint_id, occurred_at, sequence
    from hits
    union all
    -- Each step that an event is, as an event of its own, in the order of the steps.
    select
        'several steps', null, chain, step_number, unit_id, own_day, step_number, step_number, false, person_id, session_id,
        touchpoint_id || ' ' || step_number, occurred_at, sequence
    from hits
    where has_ties
),

walked as (
    select funnel_id as events_are, unit_id, entered_on as entry, entered_at, step_number, reached_at from funnel_chain
),

-- Where no event is several steps, both walks are the same.
walks as (
    select events_are, unit_id, entry, entered_at, step_number, reached_at from walked
    union all
    select 'several steps', unit_id, entry, entered_at, step_number, reached_at
    from walked
    where not exists (select 1 from hits where has_ties)
),

windows as (
    select 'one step' as events_are, most_seconds from chosen
    union
    select 'one step', most_seconds from dialects
    union
    select events_are, most_seconds from dialects
),

entries as (
    select
        walks.events_are,
        windows.most_seconds,
        walks.unit_id,
        walks.entry,
        walks.entered_at,
        cast(count(*) as bigint) as furthest_step
    from walks
    inner join windows on walks.events_are = windows.events_are
    where elapsed_seconds(walks.entered_at, walks.reached_at) <= windows.most_seconds
    group by walks.events_are, windows.most_seconds, walks.unit_id, walks.entry, walks.entered_at
),

longest as (
    select events_are, most_seconds, unit_id, max(furthest_step) as furthest_step
    from entries
    group by events_are, most_seconds, unit_id
),

first_entries as (
    select events_are, most_seconds, unit_id, furthest_step
    from entries
    qualify row_number() over (partition by events_are, most_seconds, unit_id order by entered_at, entry) = 1
),

here as (
    select attempts.unit_id, attempts.furthest_step
    from metrics.funnel_attempts as attempts
    inner join chosen on attempts.funnel_id = chosen.funnel_id
    where attempts.is_best and attempts.is_matured
),

-- From our count to the other's, a rule at a time.
compared as (
    select
        dialects.dialect,
        chosen.funnel_id,
        ours.unit_id as person_id,
        coalesce(here.furthest_step, 0) as here_step,
        ours.furthest_step as with_open_step,
        their_window.furthest_step as with_window_step,
        their_events.furthest_step as with_events_step,
        coalesce(first_entries.furthest_step, their_events.furthest_step) as there_step
    from dialects
    cross join chosen
    inner join longest as ours on ours.events_are = 'one step' and chosen.most_seconds = ours.most_seconds
    inner join longest as their_window
        on
            their_window.events_are = 'one step'
            and dialects.most_seconds = their_window.most_seconds
            and ours.unit_id = their_window.unit_id
    inner join longest as their_events
        on
            dialects.events_are = their_events.events_are
            and dialects.most_seconds = their_events.most_seconds
            and ours.unit_id = their_events.unit_id
    left join first_entries
        on
            not dialects.is_any_entry
            and dialects.events_are = first_entries.events_are
            and dialects.most_seconds = first_entries.most_seconds
            and ours.unit_id = first_entries.unit_id
    left join here on ours.unit_id = here.unit_id
)

select
    dialect,                    -- ga4, mixpanel, amplitude, posthog or clickhouse
    person_id,                  -- of journeys.people
    funnel_id,                  -- of settings.funnels: the one that is compared
    here_step,                  -- the furthest step that counts here; 0: no attempt is matured
    there_step,                 -- the furthest step that counts there
    case
        when here_step = there_step then null
        when there_step <> with_events_step then 'entry'
        when with_events_step <> with_window_step then 'events'
        when with_window_step <> with_open_step then 'window'
        else 'open'
    end as because,             -- the last rule that changes it: open (not over yet, or begun before all is known), window (another length), events (one may be several steps), entry (the first one alone); null: no difference
from compared
