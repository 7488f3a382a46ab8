"""The map of stages by whatever an analyst asks for: a row per stage and group, and the journeys behind its counts.

What is counted is in `metrics.drop_off_attempts`, how in `sql/questions/drop_off.sql`. Not here: the map of the whole
shop, with its optional stages, times and revenue at stake, which is a table (`metrics.stage_drop_off`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any, ClassVar

import pandas as pd
import plotly.graph_objects as go

from parcours.questions.answer import Answer
from parcours.questions.charts import bars, grouped_bars, lines_of
from parcours.questions.funnel_answer import question
from parcours.questions.groups import Groups, limits_of, of_group
from parcours.questions.steps import QuestionError, refuse_unknown
from parcours.warehouse.connection import quoted

OUTCOMES = ("dropped", "reached", "matured", "open", "uncovered")
OPEN_AT_MOST = 0.05
"""Of the journeys of a day, week or month that is drawn: so much higher its drop-off may still become, at most."""


class DropOffAnswer(Answer):
    """A row per stage, within each group; `people(…)` is behind its counts."""

    _metadata: ClassVar[list[str]] = [*Answer._metadata, "ask_units"]
    ask_units: Callable[[], pd.DataFrame]

    def units(self) -> pd.DataFrame:
        """A row per journey: its person, the columns of `by`, the furthest stage that it reached, its state."""
        return self.ask_units().copy()

    def people(self, stage: str, outcome: str = "dropped", **group: Any) -> list[str]:
        """The journeys behind a count.

        Args:
            stage: its id or label.
            outcome: `dropped` (dropped_count: got no further), `reached`, `matured`, `open` or `uncovered`.
            group: values of the columns of `by`; those that are not named may be anything.

        Raises:
            QuestionError: nobody can drop at the stage, or there is no such outcome or column; those there are are
                named.
        """
        refuse_unknown("outcome", outcome, OUTCOMES)
        stages = self[self["matured_count"].notna() & self["is_required"]] if "is_required" in self else self
        stages = stages.drop_duplicates("stage").sort_values("stage_position")
        found = stages[(stages["stage"] == stage) | (stages["stage_label"] == stage)]
        if not len(found):
            raise QuestionError(f"No required stage {stage!r} here. There are: {', '.join(stages['stage'])}.")
        position = found["stage_position"].iloc[0]
        units = of_group(self.units(), group)
        units = units[units["stage_position"] >= position]
        if outcome == "dropped":
            if pd.isna(found["dropped_count"].iloc[0]):
                return []
            units = units[(units["state"] == "matured") & (units["stage_position"] == position)]
        else:
            states = ("matured", "open") if outcome == "reached" else (outcome,)
            units = units[units["state"].isin(states)]
        return sorted(units["unit_id"])


def map_attempts(groups: Groups, since: Any, until: Any, where: str | None) -> str:
    """The CTE `attempts`: journeys that reached a required stage, with what they are grouped by."""
    limits = " and ".join(["funnel_id = 'map:stages'", *limits_of("entered_on", since, until, where)])
    return (
        f"with attempts as (\nselect attempts.*, {groups.key} as group_key\nfrom (\n"
        f"select * from metrics.drop_off_attempts where {limits}\n) as attempts{groups.joins}\n)\n\n"
    )


def units_of_map(ask: Callable[[str], pd.DataFrame], attempts: str, groups: Groups) -> Callable[[], pd.DataFrame]:
    """What lists the journeys of `map_attempts`, with the furthest stage of each."""
    return cache(
        lambda: ask(
            f"{attempts}select {groups.columns} from (\nselect attempts.group_key, attempts.unit_id, "
            "attempts.person_id, attempts.entered_on, stages.stage, stages.stage_position, attempts.state\n"
            "from attempts\ninner join metrics.measured_stages as stages "
            "on attempts.furthest_step = stages.required_number\norder by attempts.entered_at, attempts.unit_id\n)"
        )
    )


def answer_drop_off(
    ask: Callable[[str], pd.DataFrame], groups: Groups, since: Any, until: Any, where: str | None, definition: str
) -> DropOffAnswer:
    """The map by groups.

    Args:
        ask: the rows of a select.
        groups: what to split by.
        since: the first shop day on which a journey began that counts.
        until: the last one.
        where: a condition in SQL over the columns of metrics.drop_off_attempts.
        definition: what is counted.
    """
    attempts = map_attempts(groups, since, until, where)
    order = [*map(quoted, groups.times), *map(quoted, groups.segments), "stage_position"]
    sql = f"{attempts}select {groups.columns} from (\n{question('drop_off')}\n)\norder by {', '.join(order)}"
    answer = DropOffAnswer.of(ask(sql), sql, definition, partial(draw, groups=groups))
    answer.ask_units = units_of_map(ask, attempts, groups)
    return answer


def draw(found: pd.DataFrame, groups: Groups) -> go.Figure:
    """A line per stage over days, weeks or months; else bars per stage, groups beside each other."""
    if groups.times and not groups.segments:
        # Those that are over before the others are the quick ones: a fresh week would look as if nobody dropped.
        over = found["open_count"] <= OPEN_AT_MOST * found["reached_count"]
        return lines_of(found[over], groups.times[-1], "drop_off_rate", "stage_label", "matured_count")
    if groups.names:
        return grouped_bars(found, "stage_label", "drop_off_rate", groups.names, "matured_count")
    return bars(found, label="stage_label", value="drop_off_rate", low="drop_off_low", high="drop_off_high")
