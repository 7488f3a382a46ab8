"""What sets those who drop at a step or stage apart: the answer, the units behind each of its counts, and its chart.

Not here: who is held against whom, and the test (`sql/metrics/driver_cells.sql`, `drop_off_drivers.sql`).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import ClassVar

import pandas as pd
import plotly.graph_objects as go

from parcours.questions.answer import Answer
from parcours.questions.charts import INK, WHISKER, whiskers, words
from parcours.questions.next_after import Place
from parcours.questions.steps import refuse_unknown
from parcours.warehouse.connection import quoted, text_literal

COLUMNS = {"new or returning": "new_or_returning", "product": "product_id", "payment method": "payment_method",
           "shipping cost": "shipping_cost"} | {
    name: name for name in ("device", "channel", "country", "persona", "campaign", "price", "coupon")
}  # fmt: skip
"""The column of metrics.drop_off_risks of each factor that is no signal of friction and no attribute."""
SHOWN = 15


class DriversAnswer(Answer):
    """A DataFrame of factors and levels; `people(…)` are behind each count."""

    _metadata: ClassVar[list[str]] = [*Answer._metadata, "ask", "place"]
    ask: Callable[[str], pd.DataFrame]
    place: str

    def units(self, factor: str, level: str, *, without: bool = False) -> pd.DataFrame:
        """A row per unit with the level of the factor (or without, that could have had it): its person, if it dropped.

        Raises:
            QuestionError: there is no such factor or level; those that there are are named.
        """
        known = pd.DataFrame(self)
        refuse_unknown("factor", factor, [*known["factor"].unique()])
        refuse_unknown(factor, level, [*known[known["factor"] == factor]["level"]])
        select = (
            "select distinct risks.unit_id, risks.person_id, risks.is_dropped\nfrom metrics.drop_off_risks as risks\n"
        )
        if factor == "friction":
            select += (
                "inner join metrics.friction_trials as trials on risks.funnel_id = trials.funnel_id and "
                "risks.step_number = trials.step_number and risks.unit_id = trials.unit_id\n"
                f"where {self.place} and trials.signal = {text_literal(level)} "
                f"and {'not ' if without else ''}trials.is_met"
            )
        else:
            value = "segments.value"
            if factor in COLUMNS:
                value = f"risks.{quoted(COLUMNS[factor])}"
            else:
                select += (
                    "inner join journeys.session_segments as segments on risks.entry_session_id = segments.session_id "
                    f"and segments.dimension = {text_literal(factor)}\n"
                )
            select += f"where {self.place} and {value} {'<>' if without else '='} {text_literal(level)}"
        return self.ask(f"{select}\norder by unit_id")

    def people(self, factor: str, level: str, *, without: bool = False, dropped: bool | None = None) -> list[str]:
        """The units behind a count, each once.

        Args:
            factor, level: which row.
            without: those without it, that could have had it.
            dropped: those that dropped, or went on; none: all.

        Raises:
            QuestionError: there is no such factor or level; those that there are are named.
        """
        units = self.units(factor, level, without=without)
        return [*(units if dropped is None else units[units["is_dropped"] == dropped])["unit_id"]]


def answer_drivers(
    ask: Callable[[str], pd.DataFrame], place: Place, where: str | None, definition: str
) -> DriversAnswer:
    """What sets those who drop at a place apart, what is told first.

    Args:
        ask: the rows of a select.
        place: of `next_after.place_of`.
        where: which rows, in SQL.
        definition: what is counted.
    """
    kind, funnel, number, label = place
    step = str(number)
    if kind == "stage":
        # The map's steps are its required stages; what drops at a stage does not come to the next one.
        step = f"(select required_number + 1 from metrics.measured_stages where stage_position = {number})"
    at = f"funnel_id = {text_literal(funnel or 'map:stages')} and %sstep_number = {step}"
    sql = (
        f"select * from (\n    select * from metrics.drop_off_drivers\n    where {at % ''}\n)"
        + (f"\nwhere {where}" if where else "")
        + "\norder by is_told desc, q nulls last, p nulls last, with_count desc, factor, level"
    )
    answer = DriversAnswer.of(ask(sql), sql, definition, partial(draw, label=label))
    answer.ask, answer.place = ask, f"risks.{at % 'risks.'}"
    return answer


def draw(found: pd.DataFrame, label: str) -> go.Figure:
    """The lift of what is told, or else of what comes closest, with intervals; 1: it makes no difference."""
    figure = go.Figure(layout={"template": "plotly_white", "yaxis": {"autorange": "reversed"}})
    tested = pd.DataFrame(found)
    tested = tested[tested["left_out"].isna() & tested["lift_low"].notna()]
    shown = tested.sort_values(["is_told", "p"], ascending=[False, True]).head(SHOWN)
    figure.add_bar(
        y=shown["factor"] + ": " + shown["level"],
        x=shown["lift"] - 1,
        base=1,
        error_x=whiskers(shown, "lift", "lift_low", "lift_high"),
        orientation="h",
        marker={"color": INK, "opacity": [1 if one else 0.35 for one in shown["is_told"]]},
    )
    title = f"{label}: nothing sets those who drop apart, of {len(tested)} levels that were compared"
    told = shown[shown["is_told"]]
    if len(told):
        # Of the two sides of one thing, that which drops more.
        first = (told[told["lift"] > 1] if (told["lift"] > 1).any() else told).iloc[0]
        what = first["level"] if first["factor"] == "new or returning" else f"{first['factor']} {words(first['level'])}"
        title = (
            f"{label}: {what} drop {first['lift']:.2f} times as often as others at the same point "
            f"({first['compared_rate']:.0%} of {first['compared_count']:,}; others {first['comparable_rate']:.0%})"
        )
    figure.update_layout(
        title=title,
        xaxis={"title": "drop-off, divided by that of others at the same point of their path (lift); pale: not told"},
    )
    figure.add_vline(x=1, line_color=WHISKER, line_width=1)
    return figure
