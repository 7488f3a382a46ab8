"""The answers about coming back: a row per interval, and the time to the second order, with the people behind both.

The select of a table (`metrics.retention_by_segment`, `metrics.second_order_survival`) is asked again with other
members: those of a segment or of some weeks. So no rule of a table is written a second time.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any, ClassVar, Literal

import pandas as pd
import plotly.graph_objects as go
from sqlglot import exp

from parcours.engine.model import parse_select, read_model
from parcours.project import ROOT
from parcours.questions.answer import Answer
from parcours.questions.charts import GROUPS, INK, words
from parcours.questions.groups import group_key, joined_segments, limits_of, of_group
from parcours.questions.steps import refuse_unknown
from parcours.warehouse.connection import quoted, text_literal
from parcours.warehouse.functions import inlined

Ask = Callable[[str], pd.DataFrame]
Outcome = Literal["returned", "dropped", "open", "entered", "uncovered"]


class RetentionAnswer(Answer):
    """A row per interval, within each group; `people(…)` are behind its counts."""

    _metadata: ClassVar[list[str]] = [*Answer._metadata, "ask_people"]
    ask_people: Callable[[int], pd.DataFrame]

    def people(self, interval_number: int, outcome: Outcome = "returned", **group: Any) -> list[str]:
        """The people behind a count; who is in several cohorts comes as often.

        Args:
            interval_number: of the row.
            outcome: the count's name: returned_count, dropped_count, open_count, entered_count or uncovered_count.
            group: the values of the columns of `by`; those that are not named may be anything.

        Raises:
            QuestionError: there is no such interval, column or outcome; those that there are are named.
        """
        numbers = self["interval_number"].drop_duplicates().tolist()
        refuse_unknown("interval", interval_number, numbers)
        found = self.ask_people(interval_number)
        return _listed(found, outcome, "is_", group)


class SurvivalAnswer(Answer):
    """A row per day on which more is known, within each value; `people(…)` are behind its counts."""

    _metadata: ClassVar[list[str]] = [*Answer._metadata, "ask_people"]
    ask_people: Callable[[int], pd.DataFrame]

    def people(
        self, day_number: int, outcome: Literal["at_risk", "ordered", "censored"] = "ordered", value: str | None = None
    ) -> list[str]:
        """The customers behind a count of a day, of one value of the dimension or of all."""
        return _listed(self.ask_people(day_number), outcome, "is_", {} if value is None else {"value": value})


def _listed(found: pd.DataFrame, outcome: str, prefix: str, group: Mapping[str, Any]) -> list[str]:
    outcomes = [str(one).removeprefix(prefix) for one in found if str(one).startswith(prefix)]
    refuse_unknown("outcome", outcome, outcomes)
    return sorted(of_group(found[found[f"{prefix}{outcome}"]], group)["person_id"])


def members_of(name: str, groups: Sequence[str], since: Any, until: Any, where: str | None) -> str:
    """The members that metrics.retention_by_segment counts, of one retention, with the groups that are asked for.

    Args:
        name: of settings.retentions.
        groups: `cohort_at`, and dimensions of journeys.session_segments.
        since: the first shop day of entry that counts.
        until: the last one.
        where: a condition in SQL over the columns of metrics.retention_members.
    """
    entered_on = "shop_day(entered_at, (select time_zone from settings.shop))"
    limits = [f"retention_id = {text_literal(name)}", *limits_of(entered_on, since, until, where)]
    joins, segments = joined_segments([group for group in groups if group != "cohort_at"], "members")
    key = group_key({group: segments.get(group, "members.cohort_at") for group in groups})
    return (
        "select members.* exclude (cohort_at, entered_at, session_id), cast(null as timestamp) as cohort_at, "
        f"'asked' as dimension, {key} as value\n"
        f"from (select * from metrics.retention_members where {' and '.join(limits)}) as members{joins}"
    )


def answer_retention(ask: Ask, members: str, groups: Sequence[str], kind: str, definition: str) -> RetentionAnswer:
    """The answer for these members.

    Args:
        ask: the rows of a select.
        members: the select that stands for that of `metrics.retention_by_segment`; `value` holds the groups.
        groups: the fields of `value`.
        kind: of metrics.retention_by_segment.
        definition: what is counted.
    """
    preface, counted = _parts("retention_by_segment", members=members)
    # A cohort that is asked for is a group as any other.
    left_out = "retention_id, cohort_at, dimension, value"
    names = "".join(f"value.{quoted(one)} as {quoted(one)}, " for one in groups)
    sql = (
        f"{preface}select {names}* exclude ({left_out}) from (\n{counted}\n)\nwhere kind = {text_literal(kind)}\n"
        f"order by {''.join(f'{quoted(one)}, ' for one in groups)}interval_number"
    )
    answer = RetentionAnswer.of(ask(sql), sql, definition, _draw_retention)
    state = "followed.is_covered and followed.finished_count > cells.interval_number"
    back = "is_retained(cells.kind, cells.interval_number, followed.returned)"
    # Names of the groups are put around it: one of them may be called like a column.
    people = (
        f"{preface}select {names}* exclude (value) from (\n"
        f"select followed.value, followed.person_id, {state} and {back} as is_returned, "
        f"{state} and not {back} as is_dropped, followed.is_covered and not ({state}) as is_open, "
        "followed.is_covered as is_entered, not followed.is_covered as is_uncovered\n"
        "from followed\n"
        "inner join cells on followed.retention_id = cells.retention_id and followed.clock = cells.clock\n"
        f"where cells.kind = {text_literal(kind)} and cells.interval_number = "
    )
    answer.ask_people = cache(lambda number: ask(f"{people}{int(number)}\n)"))
    return answer


def answer_survival(ask: Ask, found: Answer, dimension: str) -> SurvivalAnswer:
    """The rows of `metrics.second_order_survival` for one dimension, with the customers behind them."""
    preface, _ = _parts("second_order_survival")
    answer = SurvivalAnswer.of(pd.DataFrame(found), found.sql, found.definition, _draw_survival)
    answer.ask_people = cache(
        lambda day: ask(
            f"{preface}select person_id, value, day_number >= {int(day)} as is_at_risk, "
            f"day_number = {int(day)} and is_ordered as is_ordered, "
            f"day_number = {int(day)} and not is_ordered as is_censored from times "
            f"where dimension = {text_literal(dimension)}"
        )
    )
    return answer


def _parts(table: str, **instead: str) -> tuple[str, str]:
    """The CTEs of a table's select, some of them others, and what it selects from them."""
    model = read_model(ROOT / "sql" / "metrics" / f"{table}.sql")
    tree = parse_select(model.sql, model.table)
    texts = {one.alias: instead.get(one.alias) or _text(one.this) for one in tree.ctes}
    select = tree.copy()
    select.set("with_", None)
    return "with " + ",\n\n".join(f"{name} as (\n{text}\n)" for name, text in texts.items()) + "\n\n", _text(select)


def _text(tree: exp.Expr) -> str:
    return inlined(tree).sql(dialect="duckdb", pretty=True, comments=False)


def _draw_retention(found: pd.DataFrame) -> go.Figure:
    """A line per group over the intervals that anybody has finished."""
    groups = [*found.columns[: [*found.columns].index("kind")]]
    kind = str(found["kind"].iloc[0]) if len(found) else ""
    # A cohort itself, interval 0 of the calendar, is there whole: it says nothing, and would dwarf the others.
    known = found[found["retention_rate"].notna() & ((kind != "calendar") | (found["interval_number"] > 0))]
    figure = go.Figure(layout={"colorway": GROUPS, "template": "plotly_white"})
    brackets = kind == "bracket"
    if groups == ["cohort_at"] and len(known):
        return _triangle(known, kind)
    for key, part in known.groupby(groups, sort=False, dropna=False) if groups else [((), known)]:
        places = (
            [f"days {first}–{last}" for first, last in zip(part["from_day"], part["to_day"], strict=True)]
            if brackets
            else part["interval_number"]
        )
        figure.add_scatter(
            x=places,
            y=part["retention_rate"],
            customdata=part[["returned_count", "finished_count"]],
            hovertemplate="%{y:.1%}: %{customdata[0]:,} of %{customdata[1]:,}",
            mode="lines+markers",
            name=" · ".join(map(_name, key)) if isinstance(key, tuple) else _name(key),
        )
    figure.update_layout(
        title=_said(known, groups, kind),
        xaxis={"title": "bracket"} if brackets else {"title": "interval", "dtick": 1},
        yaxis={"title": f"came back, {words(kind)}", "tickformat": ".0%", "rangemode": "tozero"},
        showlegend=bool(groups),
    )
    return figure


def _triangle(known: pd.DataFrame, kind: str) -> go.Figure:
    """A row per cohort, the oldest on top, a column per interval that anybody of it has finished."""
    table = known.pivot(index="cohort_at", columns="interval_number", values="retention_rate").sort_index()
    figure = go.Figure(layout={"template": "plotly_white"})
    figure.add_heatmap(
        x=[str(number) for number in table.columns],
        y=[_name(cohort) for cohort in table.index],
        z=table.astype(float).to_numpy(),
        texttemplate="%{z:.1%}",
        hovertemplate="%{y}, interval %{x}: %{z:.1%}<extra></extra>",
        colorscale=[[0, "#eef4f8"], [1, INK]],
        zmin=0,
        showscale=False,
        hoverongaps=False,
        xgap=2,
        ygap=2,
    )
    return figure.update_layout(
        title=_said(known, ["cohort_at"], kind),
        xaxis={"title": "bracket" if kind == "bracket" else "interval", "type": "category"},
        yaxis={"autorange": "reversed", "type": "category"},
    )


def _said(known: pd.DataFrame, groups: Sequence[str], kind: str) -> str:
    """Where most come back, in words."""
    if not len(known):
        return "No interval is over for anybody yet"
    # Groups are held against each other where all have something to show: in the first interval.
    numbers = known["interval_number"]
    there = known[numbers == int(numbers.min() if groups else numbers.max())]
    there = there[~there["is_small"]] if groups and not there["is_small"].all() else there
    best = there.iloc[int(there["retention_rate"].astype(float).to_numpy().argmax())]
    who = " · ".join(_name(best[group]) for group in groups)
    rate = f"{best['retention_rate']:.1%} come back, {words(kind)} {_place(best)}"
    return f"{who}: {rate}, the highest" if groups else rate


def _place(row: Any) -> str:
    if row["kind"] == "bracket":
        return f"days {row['from_day']:.0f}–{row['to_day']:.0f}"
    return f"interval {row['interval_number']}"


def _draw_survival(found: pd.DataFrame) -> go.Figure:
    """Steps of the share that has ordered again by each day, a line per value."""
    figure = go.Figure(layout={"colorway": GROUPS, "template": "plotly_white"})
    if not len(found):
        return figure.update_layout(title="No customer yet")
    for value, part in found.groupby("value", sort=False):
        figure.add_scatter(
            x=part["day_number"],
            y=1 - part["survival_rate"],
            customdata=part[["at_risk_count"]],
            hovertemplate="%{y:.1%} by day %{x}; %{customdata[0]:,} still followed",
            line={"shape": "hv"},
            mode="lines",
            name=str(value),
        )
    ends = found.loc[found.groupby("value")["day_number"].idxmax()]
    best = ends.iloc[int((1 - ends["survival_rate"]).to_numpy().argmax())]
    share = f"{1 - best['survival_rate']:.1%} have ordered again by day {best['day_number']}"
    figure.update_layout(
        title=share if len(ends) == 1 else f"{best['value']}: {share}, the most",
        xaxis={"title": "days since the first order"},
        yaxis={"title": "have ordered again", "tickformat": ".0%", "rangemode": "tozero"},
        showlegend=len(ends) > 1,
    )
    return figure


def draw_expected(found: pd.DataFrame) -> go.Figure:
    """What open cohorts are expected to come to, with intervals, a line per cohort."""
    known = found[found["expected_rate"].notna()]
    figure = go.Figure(layout={"colorway": GROUPS, "template": "plotly_white"})
    for cohort, part in known.groupby("cohort_at", sort=True):
        figure.add_scatter(
            x=part["interval_number"],
            y=part["expected_rate"],
            error_y={
                "array": part["expected_high"] - part["expected_rate"],
                "arrayminus": part["expected_rate"] - part["expected_low"],
                "symmetric": False,
            },
            mode="markers+lines",
            line={"dash": "dot"},
            name=_name(cohort),
        )
    figure.update_layout(
        title=f"{known['cohort_at'].nunique()} cohorts are open: what they are expected to come to"
        if len(known)
        else "Nothing can be expected of an open cohort yet",
        xaxis={"title": "interval", "dtick": 1},
        yaxis={"title": "expected when it is over", "tickformat": ".0%", "rangemode": "tozero"},
        showlegend=True,
    )
    return figure


def _name(value: Any) -> str:
    return f"{value:%Y-%m-%d}" if isinstance(value, pd.Timestamp) else "unknown" if pd.isna(value) else str(value)
