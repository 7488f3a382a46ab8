"""Charts of dots with intervals, of funnels and of cohorts. Each returns its wide and its narrow drawing.

Not here: the map of the journey (`journey_map.py`), the figure by day (`daily_chart.py`), the words of labels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from math import ceil, floor, log10
from typing import Any

from parcours.report.drawing import (
    BLUE,
    FAINT,
    GREY,
    INK,
    LINE,
    ORANGE,
    RED,
    SKY,
    TONES,
    Chart,
    Drawing,
    axis,
    chart,
    hidden_axis,
    hover,
    layout,
    note,
    safe,
    scatter,
    shape,
)
from parcours.report.figures import Row
from parcours.report.numbers import NBSP, Numbers

VERDICT_MARKS = {"improved": "✓ ", "worsened": "✗ "}


@dataclass(frozen=True)
class Dot:
    """A row of a dot chart: plain text, and a value with its interval (none: the row says why at the right)."""

    label: str
    detail: str
    value: float | None
    low: float | None
    high: float | None
    tone: str
    right: str


@dataclass(frozen=True)
class DotPanel:
    """Rows on one axis, in one unit."""

    dots: Sequence[Dot]
    axis_title: str
    is_share: bool = True
    is_difference: bool = False


def dot_chart(panels: Sequence[DotPanel], numbers: Numbers, narrow: bool) -> Drawing:
    """Rows of dots with intervals: labels on the left (narrow: above each dot), a word on the right."""
    pitch, axis_room, lift = (74, 58, 40) if narrow else (46, 58, 6)
    left, right = (6, 14) if narrow else (320, 128)
    inner = sum(len(panel.dots) * pitch for panel in panels) + axis_room * (len(panels) - 1)
    traces: list[Drawing] = []
    notes: list[Drawing] = []
    shapes: list[Drawing] = []
    axes: Drawing = {}
    top = float(inner)
    for number, panel in enumerate(panels, 1):
        suffix = "" if number == 1 else str(number)
        height = len(panel.dots) * pitch
        room = 0.72 if narrow else 0.5
        axes[f"yaxis{suffix}"] = hidden_axis(
            domain=[max(0.0, (top - height) / inner), top / inner],
            range=[-len(panel.dots) + room, room],
            anchor=f"x{suffix}",
        )
        top -= height + axis_room
        axes[f"xaxis{suffix}"] = axis(
            anchor=f"y{suffix}",
            range=_dot_range(panel),
            title={"text": panel.axis_title, "font": {"size": 11.5, "color": GREY}, "standoff": 8},
            **_dot_ticks(panel, _dot_range(panel), 5 if narrow else 8, numbers),
        )
        if panel.is_difference:
            refs = {"xref": f"x{suffix}", "yref": f"y{suffix} domain"}
            shapes.append(shape("line", [0], [0, 1], {"color": INK, "width": 1}, layer="below", **refs))
        for row, dot in enumerate(panel.dots):
            traces += _dot_trace(dot, -row, suffix, panel, size=8 if narrow else 11)
            notes += _dot_notes(dot, -row, suffix, narrow, lift)
    frame = layout(
        numbers, inner + 12 + axis_room, (12, right, axis_room, left), annotations=notes, shapes=shapes, **axes
    )
    return {"data": traces, "layout": frame}


def dots_chart(key: str, description: str, panels: Sequence[DotPanel], numbers: Numbers) -> Chart:
    """The two drawings of a dot chart."""
    wide, narrow = (dot_chart(panels, numbers, narrow=is_narrow) for is_narrow in (False, True))
    return chart(key, description, wide, narrow)


def _dot_range(panel: DotPanel) -> list[float]:
    ends = [end * _factor(panel) for dot in panel.dots for end in (dot.low, dot.high, dot.value) if end is not None]
    if panel.is_share and not panel.is_difference:
        return [0, min(103.0, max([*ends, 1.0]) * 1.08)]
    low, high = min([*ends, 0.0]), max([*ends, 0.0])
    room = (high - low or 1.0) * 0.06
    return [low - room, high + room]


def _dot_ticks(panel: DotPanel, ends: Sequence[float], at_most: int, numbers: Numbers) -> Drawing:
    """Round numbers in the shop's language; differences with their sign, shares in percent."""
    rough = (ends[1] - ends[0]) / at_most
    scale = 10.0 ** floor(log10(rough))
    step = next(factor * scale for factor in (1, 2, 5, 10) if factor * scale >= rough)
    places = [step * count for count in range(ceil(ends[0] / step), floor(ends[1] / step) + 1)]
    digits = max(0, -floor(log10(step) + 1e-9))
    write = numbers.signed if panel.is_difference else numbers.decimal
    unit = f"{NBSP}%" if panel.is_share and not panel.is_difference else ""
    return {"tickvals": places, "ticktext": [write(place, digits) + unit for place in places]}


def _factor(panel: DotPanel) -> float:
    return 100.0 if panel.is_share else 1.0


def _dot_trace(dot: Dot, y: float, suffix: str, panel: DotPanel, size: float) -> list[Drawing]:
    if dot.value is None:
        return []
    factor, color = _factor(panel), TONES[dot.tone]
    place = {"xaxis": f"x{suffix}", "yaxis": f"y{suffix}"}
    text = f"<b>{safe(dot.label, 60)}</b><br>{safe(dot.detail)}"
    traces = []
    if dot.low is not None and dot.high is not None:
        ends, line = [dot.low * factor, dot.high * factor], {"color": color, "width": 3.5}
        traces.append(scatter("lines", ends, [y, y], line=line, **hover([text, text]), **place))
    marker = {"size": size, "color": color, "line": {"color": "#fff", "width": 1.5}}
    traces.append(scatter("markers", [dot.value * factor], [y], marker=marker, **hover([text]), **place))
    return traces


def _dot_notes(dot: Dot, y: float, suffix: str, narrow: bool, lift: int) -> list[Drawing]:
    color = TONES[dot.tone] if dot.tone in VERDICT_MARKS else GREY
    right = f"<b>{VERDICT_MARKS.get(dot.tone, '')}{safe(dot.right, 24)}</b>"
    yref: dict[str, Any] = {"yref": f"y{suffix}", "xref": "paper"}
    if narrow:
        above = {"yanchor": "bottom", "bgcolor": "rgba(255,255,255,0.85)", "borderpad": 0, **yref}
        return [
            note(f"<b>{safe(dot.label, 34)}</b>", 0, y, xanchor="left", yshift=lift - 16, **above),
            note(safe(dot.detail, 62), 0, y, xanchor="left", yshift=8, size=11, color=GREY, **above),
            note(right, 1, y, xanchor="right", yshift=lift - 16, color=color, **above),
        ]
    label = f"<b>{safe(dot.label, 46)}</b><br><span style='color:{GREY};font-size:11px'>{safe(dot.detail, 62)}</span>"
    return [
        note(label, 0, y, xanchor="right", xshift=-14, align="right", yanchor="middle", **yref),
        note(right, 1, y, xanchor="left", xshift=14, color=color, yanchor="middle", **yref),
    ]


def funnel_chart(steps: Sequence[Row], worst: Row | None, unit: str, numbers: Numbers, small_cell: int) -> Drawing:
    """A bar per step, what was lost before it in orange (the worst step's in red), with its counts above and below."""
    traces: list[Drawing] = []
    notes: list[Drawing] = []
    for row, step in enumerate(steps):
        is_worst = worst is not None and step.step_number == worst.step_number
        is_small = step.previous_count is not None and step.previous_count < small_cell
        pieces = [(step.reached_count, FAINT if is_small else SKY), (step.dropped_count, RED if is_worst else ORANGE)]
        text = f"<b>{safe(step.label, 60)}</b><br>{numbers.count(step.reached_count)} {unit}"
        bar = {"type": "bar", "orientation": "h", "y": [-row], "width": 0.24, **hover([text])}
        traces += [{**bar, "x": [count], "marker": {"color": color}} for count, color in pieces]
        head = f"<b>{safe(step.label, 30)}</b>  {numbers.count(step.reached_count)}"
        share = f"{numbers.share(step.conversion_rate)} of entered"
        below = {"xref": "x", "xanchor": "left", "yanchor": "top", "yshift": -11, "size": 11}
        notes.append(note(head, 0, -row, xref="x", xanchor="left", yanchor="bottom", yshift=10))
        notes.append(note(share, 1, -row, xref="paper", xanchor="right", yanchor="bottom", yshift=10, color=GREY))
        notes.append(note(_step_line(step, is_small, numbers), 0, -row, color=RED if is_worst else GREY, **below))
    frame = layout(
        numbers,
        len(steps) * 78 + 16,
        (8, 8, 8, 8),
        annotations=notes,
        barmode="stack",
        xaxis=hidden_axis(range=[0, max(1, steps[0].entered_count)]),
        yaxis=hidden_axis(range=[-len(steps) + 0.42, 0.5]),
    )
    return {"data": traces, "layout": frame}


def _step_line(step: Row, is_small: bool, numbers: Numbers) -> str:
    if step.previous_count is None:
        return f"{numbers.count(step.open_count)} more still open" if step.open_count else "all windows are over"
    if is_small:
        return f"{numbers.count(step.dropped_count)} lost; too few for a rate"
    parts = [
        f"{numbers.share(step.step_rate)} go on ({numbers.interval(step.low, step.high)})",
        f"{numbers.count(step.dropped_count)} lost",
    ]
    if step.median_seconds is not None:
        parts.append(f"median {numbers.duration(step.median_seconds)}")
    return " · ".join(parts)


def cohort_chart(key: str, description: str, cells: Sequence[Row], numbers: Numbers) -> Chart:
    """Cohorts × intervals, the mean over cohorts below; unfinished intervals are blank, small cells grey."""
    cohorts = sorted({cell.cohort_on for cell in cells if cell.cohort_on is not None})
    intervals = sorted({cell.interval_number for cell in cells})
    places: dict[date | None, float] = {on: float(row) for row, on in enumerate(cohorts)} | {None: len(cohorts) + 0.25}
    notes, shares, texts = [], {}, {}
    for cell in [cell for cell in cells if cell.rate is not None]:
        counts = f"{numbers.count(cell.returned_count)} of {numbers.count(cell.finished_count)}"
        if cell.is_small:
            x = cell.interval_number - intervals[0]
            notes.append(note(counts, x, places[cell.cohort_on], size=10.5, color=FAINT))
        else:
            shares[cell.cohort_on, cell.interval_number] = (cell.rate or 0) * 100
            texts[cell.cohort_on, cell.interval_number] = f"{numbers.share(cell.rate)}<br>{counts}"
    traces = [
        {
            "type": "heatmap",
            "x": list(range(len(intervals))),
            "y": [places[on] for on in group],
            "z": [[shares.get((on, number)) for number in intervals] for on in group],
            "text": [[texts.get((on, number), "") for number in intervals] for on in group],
            "zmin": 0,
            "zmax": max(shares.values(), default=1.0) or 1.0,
            "colorscale": [[0, "#eef4f8"], [0.5, SKY], [1, BLUE]],
            "showscale": False,
            "xgap": 3,
            "ygap": 3,
            "texttemplate": "%{text}",
            "textfont": {"size": 10.5},
            "hoverinfo": "skip",
        }
        for group in (cohorts, [None])
    ]
    sizes = {cell.cohort_on: numbers.count(cell.customer_count) for cell in cells}
    labels = {on: numbers.month(on) for on in cohorts} | {None: "<b>Mean</b>"}
    bottom, width = places[None], len(intervals)
    frame = layout(
        numbers,
        int((bottom + 1) * 38) + 36,
        (30, 8, 6, 122),
        annotations=notes,
        xaxis=axis(
            side="top",
            showgrid=False,
            tickvals=list(range(width)),
            ticktext=[("days " if place == 0 else "") + numbers.month_of_days(n) for place, n in enumerate(intervals)],
            range=[-0.5, width - 0.5],
        ),
        yaxis=axis(
            showgrid=False,
            tickvals=list(places.values()),
            ticktext=[f"{labels[on]}  <span style='color:{GREY}'>n\u00a0{sizes[on]}</span>" for on in places],
            range=[bottom + 0.55, -0.55],
            tickfont={"color": INK, "size": 11.5},
        ),
        shapes=[shape("line", [0, 1], [bottom - 0.625], {"color": LINE, "width": 1}, xref="paper", yref="y")],
    )
    drawn = chart(key, description, {"data": traces, "layout": frame})
    return replace(drawn, minimum_width=130 + 66 * width, maximum_width=130 + 180 * width)
