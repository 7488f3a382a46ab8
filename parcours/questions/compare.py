"""Two periods, or two values of a segment, beside each other: the rates of a funnel or figure, and why they differ.

What is counted is in `metrics.drop_off_attempts` and `metrics.kpi_attempts`, how in `sql/questions/compare.sql`. Not
here: orders and revenue of two months, factor by factor (`metrics.movements`), nor whether a change did it
(`metrics.change_impact`): that two periods differ says nothing of the cause.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from functools import cache, partial
from typing import Any

import pandas as pd
import plotly.graph_objects as go

from parcours.numbers import Numbers
from parcours.questions.charts import GROUPS
from parcours.questions.funnel_answer import question
from parcours.questions.groups import groups_of, limits_of
from parcours.questions.listed_answer import ListedAnswer
from parcours.questions.steps import QuestionError
from parcours.warehouse.connection import quoted, text_literal

Side = None | str | date | tuple[Any, Any] | Mapping[str, str]
"""A day, a month ("2026-08"), the first and last day of a period (None: no end), or a segment's value.

None: `b` the last four weeks that are over for all who entered in them, `a` the four before."""
DAYS = 28
"""Whole weeks, so that each weekday counts as often."""
OUTCOMES = ("converted", "dropped", "open", "uncovered")
MAP = "map:stages"
PARTS = {"mix_part": "mix: another share of those who came", "rate_part": "rate: another part of them went on"}


def answer_compare(
    ask: Callable[[str], pd.DataFrame],
    known: Sequence[str],
    sides: Mapping[str, Side],
    of: str,
    by: str | Sequence[str],
    since: Any,
    until: Any,
    where: str | None,
    definition: str,
) -> ListedAnswer:
    """What two sides have of each passage, over all and by groups.

    Args:
        ask: the rows of a select.
        known: the dimensions of sessions.
        sides: `a` and `b`.
        of: a funnel, `map:stages`, or a figure of settings.kpis.
        by: segments.
        since: the first shop day of entry that counts, on both sides.
        until: the last one.
        where: a condition in SQL over the columns of metrics.drop_off_attempts, or of a figure metrics.kpi_attempts.
        definition: what is counted.

    Raises:
        QuestionError: there is no such funnel, figure or segment; those that there are are named. Or a side is neither
            a period nor a segment's value.
    """
    groups = groups_of(by, known, day=None)
    attempts, steps = _counted(ask, of)
    weeks = _weeks(ask, attempts) if None in sides.values() else {}
    sides = {name: weeks[name] if side is None else side for name, side in sides.items()}
    picked = []
    for name, side in sides.items():
        first, last, segments = _side(side)
        of_side = groups_of([*segments], known, day=None)
        limits = limits_of("entered_on", since, until, where) + limits_of("entered_on", first, last)
        limited = f"\nwhere {' and '.join(limits)}" if limits else ""
        wanted = [f"group_key.{quoted(one)} = {text_literal(value)}" for one, value in segments.items()]
        # A unit counts once on a side, as its best attempt there: as the funnel counts it.
        picked.append(
            f"select {text_literal(name)} as side, * exclude (group_key) from (\n"
            f"select attempts.*, {of_side.key} as group_key\nfrom (\nselect * from (\n{attempts}\n){limited}\n"
            "qualify row_number() over (partition by unit_id order by case state when 'matured' then 1 when 'open' "
            "then 2 else 3 end, furthest_step desc, entered_at desc) = 1\n"
            f") as attempts{of_side.joins}\n)" + (f"\nwhere {' and '.join(wanted)}" if wanted else "")
        )
    preface = (
        f"with steps as (\n{steps}\n),\n\n"
        f"asked as (\nselect {'true' if groups.names else 'false'} as is_grouped\n),\n\n"
        f"attempts as (\nselect attempts.*, {groups.key} as group_key\nfrom (\n"
        + "\nunion all\n".join(picked)
        + f"\n) as attempts{groups.joins}\n)\n\n"
    )
    order = ", ".join(["to_step - from_step > 1", "from_step", "is_whole desc", "a_entered_count desc"])
    names = ", ".join(map(quoted, groups.names))
    sql = f"{preface}select {groups.columns} from (\n{question('compare')}\n)\norder by {order}{names and ', ' + names}"
    labels = {name: _name(side) for name, side in sides.items()}
    answer = ListedAnswer.of(ask(sql), sql, definition, partial(draw, labels=labels, groups=groups.names))
    answer.ask_units = cache(
        lambda: ask(
            f"{preface}select {groups.columns} from (\nselect attempts.group_key, attempts.side, since.step_number as "
            "from_step, reached.step_number as to_step, attempts.unit_id, attempts.person_id, case when "
            "attempts.state <> 'matured' then attempts.state when attempts.furthest_step >= reached.step_number then "
            "'converted' else 'dropped' end as outcome\nfrom attempts\ninner join steps as since "
            "on attempts.furthest_step >= since.step_number\ninner join steps as reached "
            "on since.step_number + 1 = reached.step_number or (since.step_number = 1 and reached.step_number > 2 "
            "and reached.step_number = (select max(step_number) from steps))\n)\norder by all"
        )
    )
    answer.outcomes, answer.uncounted = OUTCOMES, ("open", "uncovered")
    return answer


def _counted(ask: Callable[[str], pd.DataFrame], of: str) -> tuple[str, str]:
    """The attempts of what is compared, and its steps."""
    funnels = ask("select distinct funnel_id from metrics.drop_off_steps order by 1")["funnel_id"].tolist()
    if of in funnels:
        return (
            "select unit_id, person_id, entered_on, entered_at, furthest_step, session_id, state\n"
            f"from metrics.drop_off_attempts\nwhere funnel_id = {text_literal(of)}",
            f"select step_number, step_label from metrics.drop_off_steps where funnel_id = {text_literal(of)}",
        )
    kpis = ask("select kpi from settings.kpis where unit = 'share' order by kpi_position")["kpi"].tolist()
    if of not in kpis:
        raise QuestionError(f"No funnel or share {of!r}. There are: {', '.join([*funnels, *kpis])}.")
    return (
        "select *, happened_on as entered_on, happened_at as entered_at, case when is_converted then 2 else 1 end as "
        "furthest_step, case when outcome in ('converted', 'dropped') then 'matured' else outcome end as state\n"
        f"from metrics.kpi_attempts\nwhere kpi = {text_literal(of)}",
        "select unnest([1, 2]) as step_number, unnest([denominator_name, kpi_label]) as step_label "
        f"from settings.kpis where kpi = {text_literal(of)}",
    )


def _weeks(ask: Callable[[str], pd.DataFrame], attempts: str) -> dict[str, Side]:
    """The last weeks in which nobody is open, and those before."""
    last = ask(
        "select coalesce(cast(min(entered_on) filter (where state = 'open') as date) - 1, max(entered_on), "
        f"date '1970-01-01') as day from (\n{attempts}\n)"
    )["day"].iloc[0]
    ends = [(pd.Timestamp(last) - pd.Timedelta(days=back * DAYS)).date() for back in (1, 0)]
    return {name: (end - timedelta(days=DAYS - 1), end) for name, end in zip(("a", "b"), ends, strict=True)}


def _side(side: Side) -> tuple[Any, Any, Mapping[str, str]]:
    """The first and last day of a side, and its segments."""
    if isinstance(side, Mapping):
        return None, None, {name: str(value) for name, value in side.items()}
    if isinstance(side, tuple) and len(side) == 2:
        return (*side, {})
    try:
        if isinstance(side, str) and len(side) == 7:
            month = pd.Period(side, "M")
            return month.start_time.date(), month.end_time.date(), {}
        day = pd.Timestamp(str(side)).date()
        return day, day, {}
    except (ValueError, TypeError):
        raise QuestionError(
            f'{side!r}: expected a month as "2026-08", a day, a first and last day as ("2026-08-01", "2026-08-31"), or '
            'a segment\'s value as {"device": "mobile"}.'
        ) from None


def _name(side: Side) -> str:
    if isinstance(side, Mapping):
        return " · ".join(map(str, side.values()))
    if isinstance(side, tuple):
        first, last = side
        ends = [None if one is None else pd.Timestamp(one).date() for one in (first, last)]
        return f"until {ends[1]}" if first is None else f"since {ends[0]}" if last is None else f"{ends[0]} – {ends[1]}"
    return str(side)


def draw(found: pd.DataFrame, labels: Mapping[str, str], groups: Sequence[str]) -> go.Figure:
    """The rates of both sides with their intervals, passage by passage; by a segment its parts."""
    figure = go.Figure(layout={"template": "plotly_white", "colorway": GROUPS, "title": "Nothing to compare"})
    wholes = found[found["is_whole"] & found["difference"].notna()]
    if not len(wholes):
        return figure
    whole = wholes.iloc[-1]
    numbers = Numbers("en", "EUR")
    a, b = labels["a"], labels["b"]
    certain = not whole["difference_low"] <= 0 <= whole["difference_high"]
    title = (
        f"{whole['from_label']} → {whole['to_label']}: {numbers.share(whole['a_rate'])} and "
        f"{numbers.share(whole['b_rate'])}: {numbers.points(whole['difference'])}"
        f"{'' if certain else ', within chance'}<br><sup>{a} and {b}</sup>"
    )
    figure.update_layout(title=title)
    if not groups:
        passages = [f"{one.from_label} → {one.to_label}" for one in wholes.itertuples()]
        for side in labels:
            rate, low, high = (wholes[f"{side}_{part}"].astype(float) for part in ("rate", "low", "high"))
            beyond = {"type": "data", "symmetric": False, "array": high - rate, "arrayminus": rate - low}
            figure.add_bar(y=passages, x=rate, orientation="h", name=labels[side], error_x=beyond)
        figure.update_layout(
            yaxis={"autorange": "reversed"},
            xaxis={"title": "share that went on, with its 95 % interval", "tickformat": ".0%"},
            legend={"traceorder": "normal"},
        )
        return figure
    parts = found[
        ~found["is_whole"] & (found["from_step"] == whole["from_step"]) & (found["to_step"] == whole["to_step"])
    ]
    largest = (parts["mix_part"].abs() + parts["rate_part"].abs()).astype(float).nlargest(12).index
    shown = parts[parts.index.isin(largest)]
    names = [" · ".join(map(str, row)) for row in shown[[*groups]].itertuples(index=False)]
    for part, name in PARTS.items():
        figure.add_bar(y=names, x=100 * shown[part].astype(float), orientation="h", name=name)
    figure.update_layout(
        barmode="relative",
        yaxis={"autorange": "reversed"},
        xaxis={"title": f"points of the difference of {numbers.points(whole['difference'])}", "tickformat": "+.2~f"},
        legend={"orientation": "h", "y": -0.2, "traceorder": "normal"},
    )
    return figure
