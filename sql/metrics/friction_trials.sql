-- One row per step of a funnel (or required stage of the map), friction signal, and touchpoint at which a unit met it there
-- for the first time, or could have: what those who met friction are held against.
-- At the place: in the visit in which the unit came to the step before, after that, before it reached the step, within
-- the funnel's window. Whoever meets friction at a touchpoint has lived to make it. So it is held against units that made as
-- many touchpoints there, came from the same one, on the same kind of device, new or returning alike, and had not met it
-- by then; not against those that had left, or passed, before. What a unit does instead of an error may be the step itself: there
-- passing counts as its touchpoint. What it does instead of searching again or going back is not.
-- Asking for help (support_contact) counts when it is asked for, on the site: that the next thing was a question is known
-- afterwards only.
-- key: funnel_id, step_number, signal, unit_id, act_number
with touched as (
    select
        person_id,
        session_id,
        touchpoint_id,
        occurred_at,
        coalesce(stage, '') = 'support' as is_asking,
        coalesce(touchpoint, event_name) as touchpoint,
        count(*) over by_then as path_length,
        lag(coalesce(touchpoint, event_name)) over in_visit as last_touchpoint
    from journeys.touchpoints
    where is_on_site
    window
        in_visit as (
            partition by person_id, session_id order by occurred_at, sequence nulls last, touchpoint_id
        ),
        by_then as (
            partition by person_id, session_id order by occurred_at, sequence nulls last, touchpoint_id
            rows between unbounded preceding and current row
        )
),

-- The touchpoints at the place, with the step before (number 0).
stays as (
    select
        risks.funnel_id, risks.step_number, risks.unit_id, risks.person_id, risks.passed_at, risks.session_id,
        touched.touchpoint_id, touched.is_asking, touched.touchpoint, touched.last_touchpoint,
        touched.path_length - risks.path_length as act_number
    from metrics.drop_off_risks as risks
    inner join touched
        on
            risks.person_id = touched.person_id
            and risks.session_id = touched.session_id
            and risks.path_length <= touched.path_length
    where
        (risks.path_length = touched.path_length or coalesce(touched.occurred_at < risks.passed_at, true))
        and coalesce(touched.occurred_at <= risks.window_ends_at, true)
),

passing as (
    select
        stays.funnel_id, stays.step_number, stays.unit_id, max(stays.act_number) + 1 as act_number,
        arg_max(stays.touchpoint, stays.act_number) as last_touchpoint
    from stays
    inner join journeys.session_facts as sessions
        on stays.person_id = sessions.person_id and stays.session_id = sessions.session_id
    cross join settings.shop as shop
    where elapsed_seconds(sessions.ended_at, stays.passed_at) <= shop.session_timeout_seconds
    group by stays.funnel_id, stays.step_number, stays.unit_id
),

signals as (
    select person_id, touchpoint_id, signal
    from journeys.friction_signals
    where signal <> 'support_contact'
    union all
    select person_id, touchpoint_id, 'support_contact' from touched where is_asking
),

met as (
    select
        stays.funnel_id, stays.step_number, signals.signal, stays.unit_id, min(stays.act_number) as act_number,
        arg_min(stays.last_touchpoint, stays.act_number) as last_touchpoint
    from stays
    inner join signals on stays.person_id = signals.person_id and stays.touchpoint_id = signals.touchpoint_id
    group by stays.funnel_id, stays.step_number, signals.signal, stays.unit_id
),

-- Where it is met at all: the rest need not be looked at.
points as (
    select distinct
        met.funnel_id, met.step_number, met.signal, met.act_number, met.last_touchpoint,
        coalesce(risks.device, '') as device,
        coalesce(risks.new_or_returning, '') as new_or_returning
    from met
    inner join metrics.drop_off_risks as risks
        on met.funnel_id = risks.funnel_id and met.step_number = risks.step_number and met.unit_id = risks.unit_id
    where met.act_number > 0
),

acts as (
    select funnel_id, step_number, unit_id, act_number, last_touchpoint, false as is_passing
    from stays
    where act_number > 0
    union all
    select funnel_id, step_number, unit_id, act_number, last_touchpoint, true from passing
)

select
    points.funnel_id,           -- of settings.funnels, or map:stages
    points.step_number,         -- of metrics.drop_off_steps: the step that may be reached
    points.signal,              -- of journeys.friction_signals
    acts.unit_id,               -- of metrics.drop_off_attempts
    acts.act_number,            -- touchpoint of the visit since the step before: 1 is the first behind it
    points.last_touchpoint,     -- name of the touchpoint before it
    points.device,              -- of metrics.drop_off_risks; empty: not known
    points.new_or_returning,    -- of metrics.drop_off_risks; empty: not known
    met.unit_id is not null as is_met,  -- it met the signal there, for the first time; else it could have
    risks.is_dropped            -- it never reached the step
from points
inner join acts
    on
        points.funnel_id = acts.funnel_id
        and points.step_number = acts.step_number
        and points.act_number = acts.act_number
        and points.last_touchpoint = acts.last_touchpoint
inner join metrics.drop_off_risks as risks
    on
        acts.funnel_id = risks.funnel_id
        and acts.step_number = risks.step_number
        and acts.unit_id = risks.unit_id
        and points.device = coalesce(risks.device, '')
        and points.new_or_returning = coalesce(risks.new_or_returning, '')
left join met
    on
        points.funnel_id = met.funnel_id
        and points.step_number = met.step_number
        and points.signal = met.signal
        and acts.unit_id = met.unit_id
        and acts.act_number = met.act_number
        and not acts.is_passing
where
    (not acts.is_passing or points.signal in ('payment_failure', 'error'))
    and not exists (
        select 1 from met as earlier
        where
            points.funnel_id = earlier.funnel_id
            and points.step_number = earlier.step_number
            and points.signal = earlier.signal
            and acts.unit_id = earlier.unit_id
            and earlier.act_number < acts.act_number
    )
