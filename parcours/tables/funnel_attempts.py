"""The one SQL that has to be printed: a funnel's chain of steps, one CTE per step.

A funnel's steps are settings, joined as tables; only their number must stand in the text. Semantics
(definitions: Funnel): closed, sequential, a window from the first step with its end included, the best attempt over
all entries, one event for one step.

How it works: for a row of step k, the latest start of a chain that reached step k − 1 before it reaches furthest, so
one running maximum per step is exact. Rows are put in one total order per unit: by instant, then the source's
sequence number, then the first step that a row matches, then its id. A row that matches several steps (a step that
comes twice) may serve best as its first or as its last step; both orders are tried and the better attempt counts.

The portable form is a window per step; the fast form joins ASOF, which DuckDB does about five times faster. They give
the same rows (tests/test_funnels.py).

The same chain over identifiers instead of the funnel's own units tells what a funnel would be without stitching
(journeys.unstitched_attempts).
"""

from __future__ import annotations

from typing import Literal

Form = Literal["fast", "portable"]
Units = Literal["own", "identifiers"]

_HEADER = """\
{about}
-- Of all entries the attempt that gets furthest counts; among equals the one whose entry is the latest. Whether it is
-- converted, dropped or open depends on the data cut-off and is said in metrics.
-- Printed from the number of steps in journey.yaml by parcours/tables/funnel_attempts.py, which explains the algorithm.
-- key: funnel_id, unit_id, step_number
-- keyed by: person_id
-- within person_id: unit_id
-- across person_id: kinds
with kinds as (
    select distinct touchpoint, stage, device, channel
    from journeys.touchpoints
),

-- Steps are matched once per kind of touchpoint, not once per touchpoint.
matching_kinds as (
    select distinct
        funnels.funnel_id, funnels.unit, funnels.window_seconds, matches.step_number, kinds.touchpoint,
        kinds.stage, kinds.device, kinds.channel
    from kinds
    inner join settings.funnel_step_matches as matches
        on
            (matches.touchpoint is null or matches.touchpoint = kinds.touchpoint)
            and (matches.stage is null or matches.stage = kinds.stage)
            and (matches.device is null or matches.device = kinds.device)
            and (matches.channel is null or matches.channel = kinds.channel)
    inner join settings.funnels as funnels on matches.funnel_id = funnels.funnel_id{kept_funnels}
),

-- Simultaneous rows stand in the order of the first step that each matches; where one matches several, in a second
-- order too, of the last step.
ranked_kinds as (
    select
        matching_kinds.*,
        min(step_number) over (partition by funnel_id, touchpoint, stage, device, channel) as first_step,
        max(step_number) over (partition by funnel_id, touchpoint, stage, device, channel) as last_step
    from matching_kinds
),

{first}units as (
    select
        matches.funnel_id,
        matches.window_seconds,
        matches.step_number,
        {unit} as unit_id,
        matches.first_step,
        matches.last_step,
        touchpoints.person_id,
        touchpoints.touchpoint_id,
        touchpoints.occurred_at,
        touchpoints.sequence
    from journeys.touchpoints as touchpoints
    inner join ranked_kinds as matches
        on
            touchpoints.touchpoint is not distinct from matches.touchpoint
            and touchpoints.stage is not distinct from matches.stage
            and touchpoints.device is not distinct from matches.device
            and touchpoints.channel is not distinct from matches.channel{unit_joins}
),

ordered_hits as (
    select
        funnel_id, window_seconds, step_number, unit_id, person_id, occurred_at, 'first' as tie_order,
        dense_rank() over (
            partition by funnel_id, unit_id order by occurred_at, sequence nulls last, first_step, touchpoint_id
        ) as position
    from units
    where unit_id is not null
    union all
    select
        funnel_id, window_seconds, step_number, unit_id, person_id, occurred_at, 'last',
        dense_rank() over (
            partition by funnel_id, unit_id order by occurred_at, sequence nulls last, last_step, touchpoint_id
        )
    from units
    where unit_id is not null and funnel_id in (select funnel_id from ranked_kinds where first_step <> last_step)
),

chain_1 as (
    select
        funnel_id, unit_id, person_id, tie_order, position, occurred_at, window_seconds,
        occurred_at as entered_at, position as entry_position
    from ordered_hits
    where step_number = 1
)"""

_OWN_UNITS = {
    "about": "-- One row per step that an attempt at a funnel reached; an attempt is the best one of a unit "
    "(a person, a session, …).",
    "kept_funnels": "",
    "first": """\
-- Read only where a funnel counts journeys.
of_journeys as (
    select touchpoint_id, journey_id
    from journeys.journey_touchpoints
    where exists (select 1 from settings.funnels as counting where counting.unit = 'journey')
),

""",
    "unit": """\
case matches.unit
            when 'person' then touchpoints.person_id
            when 'session' then case when runaway.session_id is null then touchpoints.session_id end
            when 'journey' then of_journeys.journey_id
            when 'order' then touchpoints.person_id || ' ' || touchpoints.order_id
            when 'cart' then touchpoints.person_id || ' ' || touchpoints.cart_id
        end""",
    "unit_joins": """
    left join of_journeys on touchpoints.touchpoint_id = of_journeys.touchpoint_id
    left join journeys.quarantined_sessions as runaway on touchpoints.session_id = runaway.session_id""",
    "unit_comment": "the person, session or journey; of a cart or order the person and its id",
    "others": "",
}
_IDENTIFIERS = {
    "about": """\
-- One row per step that an attempt at a funnel of persons would reach without stitching: every identifier on its own.
-- As journeys.funnel_attempts but for the unit; for metrics.stitching_effect. Who has a single identifier has the
-- attempts of journeys.funnel_attempts; only the others' are made again.""",
    "kept_funnels": "\n    where funnels.unit = 'person'",
    "first": """\
identifiers as (
    select person_id, min(identifier) as identifier, min(identifier) <> max(identifier) as is_stitched
    from journeys.touchpoints
    group by person_id
),

""",
    "unit": "touchpoints.identifier",
    "unit_joins": """
    inner join identifiers on touchpoints.person_id = identifiers.person_id and identifiers.is_stitched""",
    "unit_comment": "the identifier: the customer's, else the e-mail's, else the device's",
    "others": """\
union all
select attempts.funnel_id, identifiers.identifier, attempts.person_id, attempts.step_number, attempts.furthest_step,
    attempts.entered_at, attempts.reached_at
from journeys.funnel_attempts as attempts
inner join settings.funnels as funnels on attempts.funnel_id = funnels.funnel_id and funnels.unit = 'person'
inner join identifiers on attempts.person_id = identifiers.person_id and not identifiers.is_stitched
""",
}

_FAST_STEP = """,

chain_{k} as (
    select
        hits.funnel_id, hits.unit_id, hits.person_id, hits.tie_order, hits.position, hits.occurred_at,
        hits.window_seconds, chain.entered_at, chain.entry_position
    from (select * from ordered_hits where step_number = {k}) as hits
    asof join (
        select
            funnel_id, unit_id, tie_order, position,
            max(entered_at) over latest as entered_at,
            max(entry_position) over latest as entry_position
        from chain_{previous}
        window latest as (
            partition by funnel_id, unit_id, tie_order order by position rows unbounded preceding
        )
    ) as chain
        on
            hits.funnel_id = chain.funnel_id
            and hits.unit_id = chain.unit_id
            and hits.tie_order = chain.tie_order
            and hits.position > chain.position
    where elapsed_seconds(chain.entered_at, hits.occurred_at) <= hits.window_seconds
)"""

_PORTABLE_STEP = """,

chain_{k} as (
    select
        funnel_id, unit_id, person_id, tie_order, position, occurred_at, window_seconds, entered_at, entry_position
    from (
        select
            funnel_id, unit_id, person_id, tie_order, position, occurred_at, window_seconds, is_step,
            max(chain_entered_at) over latest as entered_at,
            max(chain_entry_position) over latest as entry_position
        from (
            select
                funnel_id, unit_id, person_id, tie_order, position, occurred_at, window_seconds,
                1 as is_step, cast(null as timestamp) as chain_entered_at, cast(null as bigint) as chain_entry_position
            from ordered_hits
            where step_number = {k}
            union all
            select
                funnel_id, unit_id, person_id, tie_order, position, occurred_at, window_seconds,
                0, entered_at, entry_position
            from chain_{previous}
        ) as merged
        -- At one position the step's row comes before the chain's: an event never follows itself.
        window latest as (
            partition by funnel_id, unit_id, tie_order order by position, is_step desc rows unbounded preceding
        )
    ) as carried
    where is_step = 1 and elapsed_seconds(entered_at, occurred_at) <= window_seconds
)"""

_REACHED = """,

reached as (
    {union}
),

-- The best attempt of a unit: furthest, then latest entry, then the tie order by first step.
best as (
    select funnel_id, unit_id, person_id, tie_order, furthest_step, entered_at, entry_position
    from (
        select funnel_id, unit_id, person_id, tie_order, step_number as furthest_step, entered_at, entry_position
        from reached
    ) as attempts
    qualify row_number() over (
        partition by funnel_id, unit_id
        order by furthest_step desc, entered_at desc, tie_order, entry_position desc
    ) = 1
),

walk_1 as (
    select funnel_id, unit_id, tie_order, furthest_step, entry_position as position, entered_at as reached_at
    from best
)"""

_WALK_STEP = """,

walk_{k} as (
    select
        walk.funnel_id, walk.unit_id, walk.tie_order, walk.furthest_step,
        min(hits.position) as position, min(hits.occurred_at) as reached_at
    from walk_{previous} as walk
    inner join ordered_hits as hits
        on
            walk.funnel_id = hits.funnel_id
            and walk.unit_id = hits.unit_id
            and walk.tie_order = hits.tie_order
            and hits.step_number = {k}
            and hits.position > walk.position
    where walk.furthest_step >= {k}
    group by walk.funnel_id, walk.unit_id, walk.tie_order, walk.furthest_step
)"""

_FINAL = """,

walked as (
    {union}
)

select
    walked.funnel_id,           -- of settings.funnels
    walked.unit_id,             -- {unit_comment}
    best.person_id,             -- of journeys.people
    walked.step_number,         -- of settings.funnel_steps
    best.furthest_step,         -- the last step that the attempt reached
    best.entered_at,            -- UTC instant of step 1
    walked.reached_at,          -- UTC instant of this step: the earliest after the step before
from walked
inner join best on walked.funnel_id = best.funnel_id and walked.unit_id = best.unit_id
{others}"""


def funnel_chain(step_count: int, form: Form = "fast", units: Units = "own") -> str:
    """The SQL of journeys.funnel_attempts for funnels of up to `step_count` steps.

    With identifiers as units it is that of journeys.unstitched_attempts, for funnels of persons alone.
    """
    said = _OWN_UNITS if units == "own" else _IDENTIFIERS
    step = _FAST_STEP if form == "fast" else _PORTABLE_STEP
    steps = range(2, step_count + 1)
    chains = "".join(step.format(k=k, previous=k - 1) for k in steps)
    reached = "\n    union all\n    ".join(
        f"select funnel_id, unit_id, person_id, tie_order, {k} as step_number, max(entered_at) as entered_at, "
        f"max(entry_position) as entry_position from chain_{k} group by funnel_id, unit_id, person_id, tie_order"
        for k in range(1, step_count + 1)
    )
    walks = "".join(_WALK_STEP.format(k=k, previous=k - 1) for k in steps)
    walked = "\n    union all\n    ".join(
        f"select funnel_id, unit_id, {k} as step_number, reached_at from walk_{k}" for k in range(1, step_count + 1)
    )
    final = _FINAL.format(union=walked, unit_comment=said["unit_comment"], others=said["others"])
    return _HEADER.format(**said) + chains + _REACHED.format(union=reached) + walks + final
