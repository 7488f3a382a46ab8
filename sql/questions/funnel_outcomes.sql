-- One row per attempt at a funnel that was asked for: a unit on a day of entry, of an open funnel for each step that it
-- entered at. `attempts` are the rows of a chain of sql/funnels, `asked` is the one row of what was asked, `events` the rows
-- of the log (`group_key`: what its columns of the groups hold). A unit counts once, as its best attempt: a matured one
-- before an open one, then the furthest, then the latest.
with days as (
    select
        entered.entered_on,
        is_attempt_over(entered.entered_on, asked.window_seconds, asked.known_until, asked.time_zone) as is_matured
    from (select distinct entered_on from attempts) as entered
    cross join asked
),

entered as (
    select
        attempts.unit_id, attempts.entered_on, attempts.entry_step, attempts.entered_at, attempts.furthest_step,
        events.group_key, days.is_matured
    from attempts
    inner join days on attempts.entered_on = days.entered_on
    inner join events on attempts.session_id = events.row_id
    cross join asked
    where
        attempts.step_number = attempts.entry_step
        and events.is_asked_for
        and coalesce(attempts.entered_on >= asked.since, true)
        and coalesce(attempts.entered_on <= asked.until, true)
)

select
    *,
    row_number() over (
        partition by unit_id, entry_step order by is_matured desc, furthest_step desc, entered_at desc
    ) = 1 as is_best
from entered
