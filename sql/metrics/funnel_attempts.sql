-- One row per attempt at a funnel (a unit on a shop day of entry): its outcome at the data cut-off, and of whom, from where.
-- An attempt is matured when the end of its day and the window behind it lie before the cut-off: then it never changes, late
-- rows aside. Without a window it is matured when its day is over, and what comes later still counts. One that entered
-- before all that the steps need is known (metrics.funnel_cut_off) is uncovered.
-- A unit counts once in a headline, as its best matured attempt: the furthest, among equals the latest; without a matured
-- one as an open or uncovered attempt.
-- Device, channel, campaign and the rest are those of the session of its entry, as far as they were known when that began
-- (journeys.session_segments): what became of the attempt changes none of them.
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
),

of_sessions as (
    select
        session_id,
        max(value) filter (where dimension = 'country') as country,
        max(value) filter (where dimension = 'persona') as persona
    from journeys.session_segments
    where dimension in ('country', 'persona')
    group by session_id
)

select
    outcomes.funnel_id,         -- of settings.funnels
    outcomes.unit_id,           -- the person, session or journey; of a cart or order the person and its id
    outcomes.person_id,         -- of journeys.people
    outcomes.entered_on,        -- shop day of entry
    outcomes.entered_at,        -- UTC instant of step 1
    outcomes.furthest_step,     -- the last step that the attempt reached
    steps.step_label as furthest_label,  -- what that step is called
    outcomes.session_id,        -- of journeys.sessions: that of step 1; null: it was in none
    sessions.device,            -- of that session: desktop, mobile or tablet
    sessions.channel,           -- of that session
    sessions.campaign,          -- of that session; null: none
    of_sessions.country,        -- of the person, if the CRM knew it then
    of_sessions.persona,        -- of the person, if the CRM knew it then
    case when sessions.session_number = 1 then 'new' when sessions.session_number > 1 then 'returning' end
        as new_or_returning,    -- whether it was the person's first session
    outcomes.waits_from,        -- UTC instant of the day's end, from which the window is waited for
    outcomes.known_from,        -- UTC instant from which on all is known that its steps need; null: nothing bounds it
    outcomes.known_until,       -- UTC instant until which it is
    outcomes.state,             -- matured, open (its window has not ended) or uncovered
    outcomes.state = 'matured' as is_matured,  -- its outcome counts
    case
        when outcomes.state <> 'matured' then outcomes.state
        when outcomes.furthest_step = funnels.step_count then 'converted'
        else 'dropped'
    end as outcome,             -- converted (reached the last step), dropped, open or uncovered
    row_number() over (
        partition by outcomes.funnel_id, outcomes.unit_id
        order by
            state_rank(outcomes.state), outcomes.furthest_step desc, outcomes.entered_at desc
    ) = 1 as is_best,           -- the one that its unit counts with in a headline
from outcomes
inner join settings.funnels as funnels on outcomes.funnel_id = funnels.funnel_id
inner join settings.funnel_steps as steps
    on outcomes.funnel_id = steps.funnel_id and outcomes.furthest_step = steps.step_number
left join journeys.sessions as sessions on outcomes.session_id = sessions.session_id
left join of_sessions on outcomes.session_id = of_sessions.session_id
