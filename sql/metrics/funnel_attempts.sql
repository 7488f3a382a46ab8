-- One row per attempt at a funnel (a unit on a shop day of entry) and its outcome at the data cut-off.
-- An attempt is matured when the end of its day and the window behind it lie before the cut-off: then it never changes, late
-- rows aside. Without a window it is matured when its day is over, and what comes later still counts. One that entered
-- before all that the steps need is known (metrics.funnel_cut_off) is uncovered.
-- A unit counts once in a headline, as its best matured attempt: the furthest, among equals the latest; without a matured
-- one as an open or uncovered attempt.
-- key: funnel_id, unit_id, entered_on
with judged as (
    select
        attempts.funnel_id,
        attempts.unit_id,
        attempts.person_id,
        attempts.entered_on,
        attempts.entered_at,
        attempts.furthest_step,
        attempts.session_id,
        shop_midnight(attempts.entered_on + 1, shop.time_zone) as waits_from,
        coalesce(attempts.entered_at >= known.known_from, true) as is_covered,
        is_attempt_over(attempts.entered_on, funnels.window_seconds, known.known_until, shop.time_zone) as is_over,
        known.known_from,
        known.known_until
    from journeys.attempt_steps as attempts
    inner join settings.funnels as funnels on attempts.funnel_id = funnels.funnel_id
    inner join metrics.funnel_cut_off as known on attempts.funnel_id = known.funnel_id
    cross join settings.shop as shop
    where attempts.step_number = 1
),

outcomes as (
    select
        *,
        case when not is_covered then 'uncovered' when not is_over then 'open' else 'matured' end as state
    from judged
)

select
    funnel_id,                  -- of settings.funnels
    unit_id,                    -- the person, session or journey; of a cart or order the person and its id
    person_id,                  -- of journeys.people
    entered_on,                 -- shop day of entry
    entered_at,                 -- UTC instant of step 1
    furthest_step,              -- the last step that the attempt reached
    session_id,                 -- of journeys.sessions: that of step 1; null: it was in none
    waits_from,                 -- UTC instant of the day's end, from which the window is waited for
    known_from,                 -- UTC instant from which on all is known that its steps need; null: nothing bounds it
    known_until,                -- UTC instant until which it is
    state,                      -- matured, open (its window has not ended) or uncovered
    state = 'matured' as is_matured,  -- its outcome counts
    row_number() over (
        partition by funnel_id, unit_id
        order by case state when 'matured' then 1 when 'open' then 2 else 3 end, furthest_step desc, entered_at desc
    ) = 1 as is_best,           -- the one that its unit counts with in a headline
from outcomes
