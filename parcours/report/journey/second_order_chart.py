"""The share of customers with a second order, by days: a measured curve, and dashed what open cohorts may come to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from parcours.numbers import Numbers
from parcours.report.drawing import (
    BLUE,
    BLUE_TINT,
    FADED,
    GREY,
    INK,
    ORANGE,
    Drawing,
    axis,
    hover,
    layout,
    note,
    percent_ticks,
    scatter,
)
from parcours.report.figures import Row
from parcours.words import say

HEIGHT, INTERVAL_DAYS = 300, 30
LEAST_GAP = 0.06
"""Between two labels, of the height."""
BESIDE = 0.006
"""Between the points of two cohorts on the same day, of the width: else one interval would cover the other."""

FAR = 0.8
"""Of the width: a label further right would be cut, and stands left of its point."""


def second_order_chart(
    rows: Sequence[Row], cohorts: Mapping[date, Sequence[Row]], numbers: Numbers, narrow: bool
) -> Drawing:
    """Steps by day with their interval, grey where few are observed; dashed lines of cohorts with theirs."""
    known = [row for row in rows if not row.is_small]
    few = [known[-1], *(row for row in rows if row.is_small and row.day_number > known[-1].day_number)]
    traces = [*_band(known), _curve(known, BLUE, numbers)]
    if len(few) > 1:
        traces.append(_curve(few, FADED, numbers))
    labels: list[tuple[float, float, str]] = []
    shown = [row.day_number for row in rows] + [_end(row) for of_one in cohorts.values() for row in of_one]
    for place, (on, expected) in enumerate(cohorts.items()):
        shift = (place - (len(cohorts) - 1) / 2) * BESIDE * max(shown)
        traces += _expected(on, expected, shift, numbers)
        labels.append((_end(expected[-1]) + shift, expected[-1].expected_rate * 100, numbers.month(on)))
    highs = [(1 - row.survival_low) * 100 for row in known if row.survival_low is not None]
    highs += [row.expected_high * 100 for of_one in cohorts.values() for row in of_one]
    top, right = max([*highs, 1 - few[-1].survival_rate, 0.1]) * 1.1, max(shown)
    step = INTERVAL_DAYS * max(1, -(-right // (INTERVAL_DAYS * (4 if narrow else 12))))
    frame = layout(
        numbers,
        HEIGHT,
        (10, 14, 46, 46),
        annotations=[_label(name, x, y, x > right * FAR) for x, y, name in _apart(labels, top)],
        xaxis=axis(
            range=[0, right * 1.03],
            tickvals=[*range(0, int(right) + 1, step)],
            title={"text": say("days since the first order"), "font": {"size": 11.5, "color": GREY}, "standoff": 8},
        ),
        yaxis=axis(range=[-0.03 * top, top], nticks=6, **percent_ticks()),
    )
    return {"data": traces, "layout": frame}


def _label(name: str, x: float, y: float, is_far: bool) -> Drawing:
    anchor, shift = ("right", -7) if is_far else ("left", 7)
    behind = {"bgcolor": "rgba(255,255,255,0.85)", "borderpad": 0}
    return note(name, x, y, xanchor=anchor, xshift=shift, yanchor="middle", size=11, color=INK, **behind)


def _end(row: Row) -> int:
    """The day by which a cohort's interval is over."""
    return int((row.interval_number + 1) * INTERVAL_DAYS)


def _curve(rows: Sequence[Row], color: str, numbers: Numbers) -> Drawing:
    texts = [
        say(
            "{share} by day {day}; {count} observed",
            share=numbers.share(1 - row.survival_rate),
            day=numbers.count(row.day_number),
            count=numbers.count(row.at_risk_count),
        )
        for row in rows
    ]
    shares = [(1 - row.survival_rate) * 100 for row in rows]
    line = {"color": color, "width": 2.5, "shape": "hv"}
    return scatter("lines", [row.day_number for row in rows], shares, line=line, **hover(texts))


def _band(rows: Sequence[Row]) -> list[Drawing]:
    """The interval of the measured curve, where there is one."""
    inside = [row for row in rows if row.survival_low is not None]
    days = [row.day_number for row in inside]
    none: dict[str, Any] = {"line": {"width": 0, "shape": "hv"}, "hoverinfo": "skip"}
    low, high = ([(1 - getattr(row, end)) * 100 for row in inside] for end in ("survival_high", "survival_low"))
    return [
        scatter("lines", days, low, **none),
        scatter("lines", days, high, fill="tonexty", fillcolor=BLUE_TINT, **none),
    ]


def _expected(on: date, rows: Sequence[Row], shift: float, numbers: Numbers) -> list[Drawing]:
    days, shares = [_end(row) + shift for row in rows], [row.expected_rate * 100 for row in rows]
    texts = [
        say(
            "{month}: {share} expected by day {day} ({interval})",
            month=numbers.month(on),
            share=numbers.share(row.expected_rate),
            day=numbers.count(_end(row)),
            interval=numbers.interval(row.expected_low, row.expected_high),
        )
        for row in rows
    ]
    last = rows[-1]
    whisker = {
        "x": [_end(last) + shift] * 2,
        "y": [last.expected_low * 100, last.expected_high * 100],
        "line": {"color": ORANGE, "width": 1.5},
        "hoverinfo": "skip",
    }
    marker = {"size": 7, "color": ORANGE, "symbol": "diamond"}
    line = {"color": ORANGE, "width": 2, "dash": "dash"}
    return [
        {"type": "scatter", "mode": "lines", **whisker},
        scatter("lines+markers", days, shares, line=line, marker=marker, **hover(texts)),
    ]


def _apart(labels: Sequence[tuple[float, float, str]], top: float) -> list[tuple[float, float, str]]:
    """The same labels, those that would cover another one moved up."""
    placed: list[tuple[float, float, str]] = []
    for x, y, name in sorted(labels, key=lambda label: label[1]):
        least = max((other + LEAST_GAP * top for _, other, _ in placed), default=0.0)
        placed.append((x, max(y, least), name))
    return placed
