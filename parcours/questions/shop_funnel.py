"""A funnel of journey.yaml as the CTEs that `sql/questions/funnel.sql` counts.

Not here: the attempts, which a run has found (`metrics.funnel_attempts`), nor funnels of touchpoints (`funnel.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from parcours.questions.groups import group_key, joined_segments, limits_of
from parcours.warehouse.connection import text_literal


def of_journey_yaml(name: str, groups: Sequence[str], since: Any, until: Any, where: str | None) -> dict[str, str]:
    """What sql/questions/funnel.sql reads, of the attempts that a run has found for a funnel of journey.yaml.

    Args:
        name: the funnel's id.
        groups: dimensions of journeys.session_segments.
        since: the first shop day of entry that counts.
        until: the last one.
        where: a condition in SQL over the columns of metrics.funnel_attempts.
    """
    limits = [f"outcomes.funnel_id = {text_literal(name)}", "outcomes.state <> 'uncovered'"]
    limits += limits_of("outcomes.entered_on", since, until)
    read = f"(\nselect * from metrics.funnel_attempts where {where}\n)" if where else "metrics.funnel_attempts"
    joins, segments = joined_segments(groups, "outcomes")
    return {
        "asked": f"select window_seconds from settings.funnels where funnel_id = {text_literal(name)}",
        "steps": "select step_number as number, step_label as label, false as is_optional, step_number as chain_step, "
        f"step_number - 1 as after_step from settings.funnel_steps where funnel_id = {text_literal(name)}",
        "optional_hits": "select 0 as number, '' as hit_unit_id, cast(null as timestamp) as occurred_at, "
        "0 as after_step, false as fits_before, false as fits_next where false",
        "attempts": "select unit_id, entered_on, 1 as entry_step, step_number, reached_at "
        f"from journeys.attempt_steps where funnel_id = {text_literal(name)}",
        "outcomes": "select outcomes.unit_id, outcomes.person_id, outcomes.entered_on, 1 as entry_step, "
        "outcomes.entered_at, outcomes.furthest_step, outcomes.is_matured, "
        f"{group_key(segments)} as group_key, row_number() over (partition by outcomes.unit_id "
        "order by outcomes.is_matured desc, outcomes.furthest_step desc, outcomes.entered_at desc) = 1 as is_best\n"
        f"from {read} as outcomes{joins}\nwhere {' and '.join(limits)}",
    }
