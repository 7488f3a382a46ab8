"""The answer to a funnel: a row per step, the attempts and people behind each count, and the chart.

The same for any table of events (`funnel.py`) and for the funnels of a shop (`shop.py`): both hand in the CTEs that
`sql/questions/funnel.sql` counts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, ClassVar, Literal

import pandas as pd
import plotly.graph_objects as go
from sqlglot import exp

from parcours.engine.model import parse_select
from parcours.numbers import Numbers
from parcours.project import ROOT
from parcours.questions.answer import Answer
from parcours.questions.charts import GROUPS
from parcours.questions.groups import group_columns
from parcours.questions.steps import QuestionError
from parcours.warehouse.connection import quoted
from parcours.warehouse.functions import inlined


class FunnelAnswer(Answer):
    """A row per step, within each group; `attempts()` and `people(…)` are behind its counts."""

    _metadata: ClassVar[list[str]] = [*Answer._metadata, "ask_attempts"]
    ask_attempts: Callable[[], pd.DataFrame]

    def attempts(self) -> pd.DataFrame:
        """A row per attempt: unit, day of entry, the columns of `by` there, how far it got, whether it counts."""
        return self.ask_attempts().copy()

    def people(self, step: int, outcome: Literal["reached", "dropped", "open"] = "reached", **group: Any) -> list[Any]:
        """The units behind a count: who reached a step, dropped before it, or is open there.

        Args:
            step: its number.
            outcome: the count's name: reached_count, dropped_count or open_count.
            group: the values of the columns of `by`; those that are not named may be anything.

        Raises:
            QuestionError: there is no such step, or it is an optional one, which nobody is asked for.
        """
        chained = self.loc[~self["is_optional"].astype(bool), "step_number"].drop_duplicates().tolist()
        if step not in chained:
            raise QuestionError(f"No step {step} that is asked for. These are: {', '.join(map(str, chained))}.")
        place = chained.index(step) + 1
        attempts = self.attempts()
        counted = attempts[attempts["is_best"] & (attempts["is_matured"] != (outcome == "open"))]
        for column, value in group.items():
            counted = counted[counted[column].isna() if pd.isna(value) else counted[column] == value]
        at = counted[(counted["entry_step"] <= place) & (counted["furthest_step"] >= place)]
        if outcome != "dropped":
            return sorted(at["unit_id"].unique())
        before = counted[(counted["entry_step"] < place) & (counted["furthest_step"] >= place - 1)]
        return sorted({*before["unit_id"]} - {*at[at["entry_step"] < place]["unit_id"]})


def answer_funnel(
    ask: Callable[[str], pd.DataFrame], ctes: Mapping[str, str], groups: Sequence[str], definition: str
) -> FunnelAnswer:
    """The answer that `sql/questions/funnel.sql` gives.

    Args:
        ask: the rows of a select.
        ctes: what that file reads, in their order; `events`, which is read several times, is kept.
        groups: the columns of `group_key`.
        definition: what is counted.
    """
    texts = (f"{name} as{' materialized' * (name == 'events')} (\n{text}\n)" for name, text in ctes.items())
    preface = "with " + ",\n\n".join(texts) + "\n\n"
    names = group_columns(groups)
    sql = (
        f"{preface}select {names} from (\n{question('funnel')}\n)\n"
        f"order by {', '.join(['entered_count desc', *map(quoted, groups), 'step_number'])}"
    )
    answer = FunnelAnswer.of(ask(sql), sql, definition, draw)
    answer.ask_attempts = cache(lambda: ask(f"{preface}select {names} from outcomes order by entered_at, unit_id"))
    return answer


@cache
def question(name: str) -> str:
    """A file of `sql/questions`, its functions written out."""
    return written_out((ROOT / "sql" / "questions" / f"{name}.sql").read_text(encoding="utf-8"))


def written_out(sql: str) -> str:
    """A select with its functions written out, so that any DuckDB can run it."""
    tree: exp.Expr = inlined(parse_select(sql, "the funnel"))
    return str(tree.sql(dialect="duckdb", pretty=True, comments=False))


def select_row(columns: Mapping[str, str]) -> str:
    """A select of one row, or of the columns of whatever is read."""
    return "select " + ", ".join(f"{value} as {name}" for name, value in columns.items())


def draw(found: pd.DataFrame) -> go.Figure:
    """A bar per step with what reached it; groups beside each other, as shares of those who entered."""
    groups = [*found.columns[: [*found.columns].index("step_number")]]
    numbers = Numbers("en", "EUR")
    titles = [f"{one.step_number}. {one.step_label}" for one in found.drop_duplicates("step_number").itertuples()]
    figure = go.Figure(layout={"colorway": GROUPS})
    for key, part in found.groupby(groups, sort=False, dropna=False) if groups else [((), found)]:
        rates = zip(part["reached_count"], part["conversion_rate"], strict=True)
        figure.add_bar(
            y=titles,
            x=part["conversion_rate"] if groups else part["reached_count"],
            orientation="h",
            name=" · ".join(map(str, key)) if isinstance(key, tuple) else str(key),
            text=None if groups else [f"{numbers.count(count)} · {numbers.share(rate)}" for count, rate in rates],
        )
    figure.update_layout(
        title=_finding(found),
        template="plotly_white",
        yaxis={"autorange": "reversed"},
        xaxis={"title": "share of those who entered", "tickformat": ".0%"}
        if groups
        else {"title": "units", "tickformat": ","},
        showlegend=bool(groups),
    )
    return figure


def _finding(found: pd.DataFrame) -> str:
    """The step at which most are lost, in words."""
    chained = found[~found["is_optional"].astype(bool)]
    steps = chained.groupby("step_number").agg({"step_label": "first", "dropped_count": "sum"}).reset_index()
    if not len(steps):
        return "Nobody entered"
    most = int(steps["dropped_count"].astype(float).to_numpy().argmax())
    lost = int(steps["dropped_count"][most])
    if not lost:
        return "Nobody is lost between these steps"
    before = steps["step_label"][most - 1]
    return f"{before} → {steps['step_label'][most]} loses most: {lost:,} of those who reached {before}"
