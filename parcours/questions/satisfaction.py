"""The answer to how satisfied people were, of any of those asked, and the people behind each row.

What is counted is `sql/metrics/satisfaction.sql`, the very select that a run builds its table by, over the requests
that the question is of.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, ClassVar

import pandas as pd

from parcours.project import ROOT
from parcours.questions.answer import Answer
from parcours.questions.charts import bars
from parcours.questions.funnel_answer import written_out
from parcours.questions.steps import QuestionError
from parcours.warehouse.connection import quoted, text_literal

REQUESTS = "metrics.survey_requests"
ALL = "all"
DRAWN = {"csat": ("csat", "csat_low", "csat_high"), "nps": ("nps", "nps_low", "nps_high")}
"""What is drawn of a kind of survey; of an effort score its mean."""


class SatisfactionAnswer(Answer):
    """A row per kind of survey and value; `people(…)` is behind its counts."""

    _metadata: ClassVar[list[str]] = [*Answer._metadata, "ask_requests"]
    ask_requests: Callable[[str], pd.DataFrame]

    def people(self, value: str, kind: str | None = None, outcome: str = "answered") -> pd.DataFrame:
        """The requests behind a row: who answered, who was asked, or who did not answer.

        Args:
            value: of the row.
            kind: of the row; left out where there is one kind alone.
            outcome: `answered` (answer_count), `asked` (asked_count) or `silent`, asked and not answered.

        Raises:
            QuestionError: there is no such row or outcome; those that there are are named.
        """
        outcomes = {
            "answered": "is_answer",
            "asked": "is_asked_known",
            "silent": "is_asked_known and not is_answer",
        }
        if outcome not in outcomes:
            raise QuestionError(f"outcome: expected {', '.join(outcomes)}, found {outcome!r}.")
        kinds = sorted(self["kind"].unique())
        if kind is None and len(kinds) > 1:
            raise QuestionError(f"kind: expected one of {', '.join(kinds)}.")
        rows = self[self["kind"] == (kind or next(iter(kinds), ""))]
        if value not in [*rows["value"]]:
            raise QuestionError(f"No row {value!r}. There are: {', '.join(rows['value'])}.")
        row = rows[rows["value"] == value].iloc[0]
        of_value = "true"
        if row["dimension"] != ALL:
            of_value = f"coalesce({quoted(row['dimension'])}, 'unknown') = {text_literal(value)}"
        return self.ask_requests(f"kind = {text_literal(row['kind'])} and {of_value} and {outcomes[outcome]}")


def answer_satisfaction(
    ask: Callable[[str], pd.DataFrame], by: str, kind: str | None, limits: list[str], definition: str
) -> SatisfactionAnswer:
    """The rows of metrics.satisfaction, of some of the requests.

    Args:
        ask: the rows of a select.
        by: the dimension.
        kind: csat, nps or ces; None: each that there is.
        limits: conditions on the columns of metrics.survey_requests; none: the table as it stands.
        definition: what is counted.
    """
    wanted = [f"dimension = {text_literal(by)}"] + ([f"kind = {text_literal(kind)}"] if kind else [])
    counted = f"select * from {REQUESTS}" + (f"\nwhere {' and '.join(limits)}" if limits else "")
    rows = "metrics.satisfaction" if not limits else f"(\n{_select(counted)}\n)"
    sql = f"select * from {rows}\nwhere {' and '.join(wanted)}\norder by kind, answer_count desc, value"
    answer = SatisfactionAnswer.of(ask(sql), sql, definition, partial(_draw, by))
    answer.ask_requests = lambda of_row: ask(f"select * from (\n{counted}\n)\nwhere {of_row}\norder by request_id")
    return answer


def _select(counted: str) -> str:
    """The select of metrics.satisfaction over some of the requests."""
    text = written_out((ROOT / "sql" / "metrics" / "satisfaction.sql").read_text(encoding="utf-8"))
    before, read, after = text.partition(f"FROM {REQUESTS} AS requests")
    if not read or REQUESTS in after:
        raise QuestionError(f"sql/metrics/satisfaction.sql: expected one `from {REQUESTS} as requests`.")
    return f"{before}FROM (\n{counted}\n) AS requests{after}"


def _draw(by: str, found: pd.DataFrame) -> Any:
    """Bars of the kind that most answers are of; the answers of unknown value are not drawn."""
    known = found[(found["value"] != "unknown") & (found["answer_count"] > 0)]
    if not len(known):
        figure = bars(known, label="value", value="csat")
        figure.update_layout(title=f"No answer of which the {by} is known")
        return figure
    kind = known.groupby("kind")["answer_count"].sum().idxmax()
    value, low, high = DRAWN.get(str(kind), ("mean_of_10", "mean_low", "mean_high"))
    shown = known[known["kind"] == kind]
    labels = shown.assign(label=[f"{one.value} (n = {one.answer_count:,})" for one in shown.itertuples()])
    figure = bars(labels, label="label", value=value, low=low, high=high)
    # Which is lowest is said of values that enough answered, if there are two such.
    ranked = shown[~shown["is_small"].astype(bool)]
    ends = (ranked if len(ranked) > 1 else shown).sort_values(value, ascending=False)
    form = "{:.1%}" if value == "csat" else "{:.2f}"
    rows = [one for _, one in ends.iloc[[0, -1] if len(ends) > 1 else [0]].iterrows()]
    said = [f"{one['value']} {form.format(one[value])} (n = {one['answer_count']:,})" for one in rows]
    name = {"csat": "CSAT", "nps": "NPS"}.get(value, "Mean of 0–10")
    figure.update_layout(title=f"{name} by {by}: {', '.join(said)}", xaxis={"title": f"{name}, with its 95 % interval"})
    return figure
