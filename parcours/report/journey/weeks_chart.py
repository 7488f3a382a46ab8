"""A figure by week around a change, with what it would have been without it.

The weeks are those of metrics.change_weeks, the expectation that of metrics.change_impact; nothing is smoothed.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from parcours.numbers import Numbers
from parcours.report.day_axis import date_ticks, incident_shapes, within
from parcours.report.drawing import (
    BLUE,
    BLUE_TINT,
    FADED,
    INK,
    ORANGE,
    RED_TINT,
    TONES,
    Drawing,
    axis,
    hover,
    layout,
    note,
    percent_ticks,
    safe,
    scatter,
    shape,
)
from parcours.report.figures import Row
from parcours.words import say

ROOM = 1.12
"""Above the highest week."""


def weeks_chart(
    weeks: Sequence[Row],
    impact: Row,
    changes: Sequence[Row],
    unlogged: Sequence[Row],
    small_cell: int,
    numbers: Numbers,
    narrow: bool,
) -> Drawing:
    """A dot per week, grey where small; the expectation as a dashed line with its interval; every change as a line;
    incidents that nobody logged are shaded."""
    first, last = weeks[0].week_on, weeks[-1].week_on + timedelta(days=6)
    factor = 100.0 if impact.unit == "share" else 1.0
    inside = [change for change in changes if first <= change.changed_on <= last]
    frame = layout(
        numbers,
        262 if narrow else 282,
        (46, 14, 34, 56),
        xaxis=axis(
            ticklabelstandoff=5,
            type="date",
            range=[(first - timedelta(days=2)).isoformat(), (last + timedelta(days=2)).isoformat()],
            showgrid=False,
            **date_ticks(first, last, numbers, narrow),
        ),
        yaxis=axis(
            range=[0, _axis_end(weeks, impact) * factor],
            nticks=6,
            **(percent_ticks() if impact.unit == "share" else {}),
        ),
        shapes=[
            *incident_shapes(within(unlogged, first, last)),
            *_incidents(inside, last),
            *_lines(inside, impact),
            *_expected(impact, factor),
        ],
        annotations=[_figure(impact, narrow), *_labels(inside, impact, first, last)],
    )
    return {"data": [_line(weeks, factor), _dots(weeks, impact, small_cell, factor, numbers)], "layout": frame}


def _axis_end(weeks: Sequence[Row], impact: Row) -> float:
    """Above everything that is drawn: small weeks too."""
    shown = [week.value for week in weeks if week.value is not None]
    expected = [] if impact.expected_value is None else [impact.expected_value, impact.after_value - impact.low]
    end = max([*shown, *expected, 1e-9]) * ROOM
    return float(min(end, 1.04) if impact.unit == "share" else end)


def _line(weeks: Sequence[Row], factor: float) -> Drawing:
    return scatter(
        "lines",
        [_middle(week) for week in weeks],
        [None if week.value is None else week.value * factor for week in weeks],
        line={"color": "rgba(43,108,148,0.22)", "width": 1},
        connectgaps=False,
        hoverinfo="skip",
    )


def _dots(weeks: Sequence[Row], impact: Row, small_cell: int, factor: float, numbers: Numbers) -> Drawing:
    shown = [week for week in weeks if week.value is not None]
    tone = TONES.get(impact.verdict, BLUE)
    colors = [FADED if week.denominator < small_cell else tone if _is_during(week, impact) else BLUE for week in shown]
    counted = safe(say("attempts") if impact.denominator_name is None else impact.denominator_name)
    text = [
        f"<b>{numbers.period(week.week_on, week.week_on + timedelta(days=6))}</b><br>"
        f"{numbers.value(week.value, impact.unit)}, {numbers.count(week.denominator)} {counted}"
        for week in shown
    ]
    return scatter(
        "markers",
        [_middle(week) for week in shown],
        [week.value * factor for week in shown],
        marker={"size": 7, "color": colors},
        **hover(text),
    )


def _is_during(week: Row, impact: Row) -> bool:
    return bool(week.week_number >= 0 and (impact.ended_on is None or week.week_on <= impact.ended_on))


def _middle(week: Row) -> str:
    on: date = week.week_on
    return (on + timedelta(days=3)).isoformat()


def _expected(impact: Row, factor: float) -> list[Drawing]:
    """What the days that were looked at would have been without the change, and its interval."""
    if impact.expected_value is None:
        return []
    until = min(impact.looked_until, impact.ended_on or impact.looked_until)
    days = [impact.changed_on.isoformat(), (until + timedelta(days=1)).isoformat()]
    ends = [max(impact.after_value - high, 0.0) * factor for high in (impact.high, impact.low)]
    place = {"xref": "x", "yref": "y", "layer": "below"}
    return [
        shape("rect", days, ends, {"width": 0}, fillcolor=BLUE_TINT, **place),
        shape("line", days, [max(impact.expected_value, 0) * factor], {"color": ORANGE, "width": 2.5, "dash": "dash"}),
    ]


def _incidents(changes: Sequence[Row], last: date) -> list[Drawing]:
    return [
        shape(
            "rect",
            [change.changed_on.isoformat(), (min(change.ended_on, last) + timedelta(days=1)).isoformat()],
            [0, 1],
            {"width": 0},
            fillcolor=RED_TINT,
            xref="x",
            yref="paper",
            layer="below",
        )
        for change in changes
        if change.ended_on
    ]


def _lines(changes: Sequence[Row], impact: Row) -> list[Drawing]:
    """Its own date, and fainter those of the others."""
    return [
        shape(
            "line",
            [change.changed_on.isoformat()],
            [0, 1],
            {"color": INK if change.change_id == impact.change_id else FADED, "width": 1, "dash": "dot"},
            xref="x",
            yref="paper",
        )
        for change in changes
    ]


def _figure(impact: Row, narrow: bool) -> Drawing:
    figure = f"<b>{safe(impact.label, 34 if narrow else 60)}</b>"
    if narrow:
        text = say("{figure} by week", figure=figure)
    else:
        text = say("{figure} by week, counted from the change", figure=figure)
    return note(text, 0, 1, xref="paper", yref="paper", xanchor="left", yanchor="bottom", yshift=22)


def _labels(changes: Sequence[Row], impact: Row, first: date, last: date) -> list[Drawing]:
    own = next((change for change in changes if change.change_id == impact.change_id), None)
    if own is None:
        return []
    is_late = own.changed_on - first > 0.6 * (last - first)
    place = {"xref": "x", "yref": "paper", "xanchor": "right" if is_late else "left", "yanchor": "bottom", "yshift": 2}
    return [note(f"<b>{safe(own.label, 34)}</b>", own.changed_on.isoformat(), 1, **place, size=11.5)]
