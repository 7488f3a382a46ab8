-- One row per step that an attempt at a funnel of persons would reach without stitching: every identifier on its own.
-- As journeys.attempt_steps but for the unit; for metrics.stitching_effect. Who has a single identifier has the
-- attempts of journeys.attempt_steps; only the others' are made again. An identifier of several people is on its own with each.
-- key: funnel_id, person_id, identifier, entered_on, step_number
-- keyed by: person_id
-- within person_id: unit_id
-- across person_id: kinds
with kinds as ( -- step_kinds reads it -- noqa: ST03
    select distinct touchpoint, stage, device, channel, coalesce(traits.traits, '') as traits
    from journeys.touchpoints as touchpoints
    left join journeys.touchpoint_traits as traits
        on touchpoints.person_id = traits.person_id and touchpoints.touchpoint_id = traits.touchpoint_id
),

identifiers as (
    select person_id, min(identifier) as identifier, min(identifier) <> max(identifier) as is_stitched
    from journeys.touchpoints
    group by person_id
),

units as ( -- the chains read it -- noqa: ST03
    select
        matches.funnel_id,
        matches.window_seconds,
        matches.chain,
        matches.step_number,
        matches.excluded_step,
        touchpoints.person_id || ' ' || touchpoints.identifier as unit_id,
        cast(null as date) as unit_on,
        matches.first_step,
        matches.last_step,
        matches.has_ties,
        touchpoints.person_id,
        touchpoints.session_id,
        touchpoints.touchpoint_id,
        touchpoints.occurred_at,
        touchpoints.sequence
    from journeys.touchpoints as touchpoints
    left join journeys.touchpoint_traits as traits
        on touchpoints.person_id = traits.person_id and touchpoints.touchpoint_id = traits.touchpoint_id
    inner join step_kinds as matches
        on
            matches.unit = 'person'
            and touchpoints.touchpoint is not distinct from matches.touchpoint
            and touchpoints.stage is not distinct from matches.stage
            and touchpoints.device is not distinct from matches.device
            and touchpoints.channel is not distinct from matches.channel
            and coalesce(traits.traits, '') = matches.traits
    inner join identifiers on touchpoints.person_id = identifiers.person_id and identifiers.is_stitched
),

rules as ( -- the chains read it -- noqa: ST03
    select
        funnel_id, step_number, window_seconds, within_seconds, at_least_seconds, is_strict, is_open
    from settings.funnel_rules
)

select
    attempts.funnel_id,         -- of settings.funnels
    substring(attempts.unit_id, length(attempts.person_id) + 2) as identifier,  -- whose it would be
    attempts.person_id,         -- of journeys.people
    attempts.entered_on,        -- shop day of step 1
    attempts.step_number,       -- of settings.funnel_steps
    attempts.furthest_step,     -- the last step that the attempt reached
    attempts.entered_at,        -- UTC instant of step 1
    attempts.reached_at         -- UTC instant of this step: the earliest after the step before
from chained_attempts as attempts
union all
select
    attempts.funnel_id, identifiers.identifier, attempts.person_id, attempts.entered_on, attempts.step_number,
    attempts.furthest_step, attempts.entered_at, attempts.reached_at
from journeys.attempt_steps as attempts
inner join settings.funnels as funnels on attempts.funnel_id = funnels.funnel_id and funnels.unit = 'person'
inner join identifiers on attempts.person_id = identifiers.person_id and not identifiers.is_stitched
