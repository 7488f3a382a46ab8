"""A figure by shop day: a dot a day, the level of both halves of the period, the changes, the outages and
the incidents that nobody logged.

Nothing is smoothed: the days are those of metrics.kpi_daily, of long periods the weeks of metrics.kpi_weekly; the
levels are those of metrics.kpis.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

from parcours.numbers import Numbers
from parcours.report.day_axis import date_ticks, incident_shapes, outage_labels, outage_shapes, within
from parcours.report.drawing import (
    BLUE,
    BLUE_TINT,
    FADED,
    INK,
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

LABEL_LETTERS = 34
PIXELS_PER_LETTER, USUAL_WIDTH = 6.4, 1200
"""To tell whether two labels of changes would overlap; generous, since fonts differ."""


def daily_chart(
    days: Sequence[Row],
    kpi: Row,
    changes: Sequence[Row],
    outages: Sequence[Row],
    incidents: Sequence[Row],
    numbers: Numbers,
    narrow: bool,
) -> Drawing:
    """The days, grey where small; a line joins those that follow each other and are not."""
    first, last = days[0].on, days[-1].on
    inside = [change for change in changes if first <= change.changed_on <= last]
    levels = [0] * len(inside) if narrow else _levels_of_labels(inside, first, last)
    top = 26 + 16 * max(levels, default=0)
    frame = layout(
        numbers,
        300 if narrow else 340,
        (top, 14, 34, 46),
        xaxis=axis(
            ticklabelstandoff=5,
            type="date",
            range=[(first - timedelta(days=1)).isoformat(), (last + timedelta(days=1)).isoformat()],
            showgrid=False,
            **date_ticks(first, last, numbers, narrow),
        ),
        yaxis=axis(range=[0, axis_end(days, kpi)], nticks=6, **percent_ticks()),
        shapes=[
            *incident_shapes(within(incidents, first, last)),
            *outage_shapes(outages),
            *_halves(kpi),
            *_change_lines(inside),
        ],
        annotations=[
            *_change_labels(inside, levels, first, last, numbers, narrow),
            *([] if narrow else outage_labels(outages)),
            *_level_labels(kpi, numbers),
        ],
    )
    return {"data": [_line(days), _dots(days, numbers)], "layout": frame}


def axis_end(days: Sequence[Row], kpi: Row) -> float:
    """Where the axis of the days ends, in percent: above all of them where most are small, else above the others."""
    shown = [day for day in days if day.value is not None]
    large = [day for day in shown if not day.is_small]
    held: list[float] = [day.value for day in (shown if 2 * len(large) < len(days) else large)]
    return min(104.0, max([*held, kpi.earlier_high or 0, kpi.later_high or 0]) * 112) or 104.0


def _line(days: Sequence[Row]) -> Drawing:
    return scatter(
        "lines",
        [day.on.isoformat() for day in days],
        [None if day.value is None or day.is_small else day.value * 100 for day in days],
        line={"color": "rgba(43,108,148,0.22)", "width": 1},
        connectgaps=False,
        hoverinfo="skip",
    )


def _dots(days: Sequence[Row], numbers: Numbers) -> Drawing:
    shown = [day for day in days if day.value is not None]
    text = [f"<b>{numbers.day(day.on)}</b><br>{_counted(day, numbers)}" for day in shown]
    size, opacity = (5.5, 0.75) if len(shown) < 200 else (4, 0.5)
    color = [FADED if day.is_small else BLUE for day in shown]
    return scatter(
        "markers",
        [day.on.isoformat() for day in shown],
        [(day.value or 0) * 100 for day in shown],
        marker={"size": size, "color": color, "opacity": opacity},
        **hover(text),
    )


def _counted(day: Row, numbers: Numbers) -> str:
    """A day's figure, and of how many attempts it is."""
    figures = {
        "share": numbers.share(day.value),
        "numerator": numbers.count(day.numerator),
        "denominator": numbers.count(day.denominator),
    }
    if not day.open_count:
        return say("{share}: {numerator} of {denominator}", **figures)
    return say("{share}: {numerator} of {denominator}, {open} open", **figures, open=numbers.count(day.open_count))


def _halves(kpi: Row) -> list[Drawing]:
    """The level of each half and its 95 % interval, over the days it covers."""
    shapes: list[Drawing] = []
    axes = {"xref": "x", "yref": "y"}
    for start, end, value, low, high in _levels(kpi):
        days = [start.isoformat(), end.isoformat()]
        shapes.append(shape("rect", days, [low * 100, high * 100], {"width": 0}, fillcolor=BLUE_TINT, **axes))
        shapes.append(shape("line", days, [value * 100], {"color": BLUE, "width": 2.5}, **axes))
    return shapes


def _levels(kpi: Row) -> list[tuple[date, date, float, float, float]]:
    halves = (
        (kpi.earlier_from, kpi.earlier_until, kpi.earlier_value, kpi.earlier_low, kpi.earlier_high),
        (kpi.later_from, kpi.later_until, kpi.later_value, kpi.later_low, kpi.later_high),
    )
    return [half for half in halves if None not in half]


def _level_labels(kpi: Row, numbers: Numbers) -> list[Drawing]:
    place = {"xref": "x", "yref": "y", "xanchor": "left", "yanchor": "bottom", "xshift": 2}
    look = {"color": BLUE, "bgcolor": "rgba(255,255,255,0.8)", "borderpad": 1}
    return [
        note(f"<b>{numbers.share(value)}</b>", start.isoformat(), high * 100, **place, **look)
        for start, _, value, _, high in _levels(kpi)
    ]


def _change_lines(changes: Sequence[Row]) -> list[Drawing]:
    line = {"color": INK, "width": 1, "dash": "dot"}
    return [shape("line", [change.changed_on.isoformat()], [0, 1], line, xref="x", yref="paper") for change in changes]


def _levels_of_labels(changes: Sequence[Row], first: date, last: date) -> list[int]:
    """The line of each change's label: the lowest on which it doesn't run into the label before."""
    days_per_letter = ((last - first).days + 2) * PIXELS_PER_LETTER / USUAL_WIDTH
    free_from: list[float] = []
    levels = []
    for change in changes:
        width = (min(len(change.label), LABEL_LETTERS) + 14) * days_per_letter
        start = (change.changed_on - first).days - (width if _is_late(change, first, last) else 0)
        level = next((number for number, free in enumerate(free_from) if free <= start), len(free_from))
        free_from[level : level + 1] = [start + width]
        levels.append(level)
    return levels


def _is_late(change: Row, first: date, last: date) -> bool:
    """Whether the label stands left of its line, to stay inside the chart."""
    on: date = change.changed_on
    return on - first > 0.75 * (last - first)


def _change_labels(
    changes: Sequence[Row], levels: Sequence[int], first: date, last: date, numbers: Numbers, narrow: bool
) -> list[Drawing]:
    labels = []
    for number, (change, level) in enumerate(zip(changes, levels, strict=True), 1):
        text, anchor = f"<b>{number}</b>", "center"
        if not narrow:
            on = numbers.short_day(change.changed_on, year=first.year != last.year)
            text += f" {safe(change.label, LABEL_LETTERS)}, {on}"
            anchor = "right" if _is_late(change, first, last) else "left"
        place = {"xref": "x", "yref": "paper", "xanchor": anchor, "yanchor": "bottom", "yshift": 2 + 16 * level}
        labels.append(note(text, change.changed_on.isoformat(), 1, **place, size=11.5))
    return labels
