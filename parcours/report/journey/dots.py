"""A chart of dots with their intervals, row by row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, log10
from typing import Any

from parcours.numbers import NBSP, Numbers
from parcours.report.drawing import (
    GREY,
    INK,
    TONES,
    Drawing,
    axis,
    hidden_axis,
    hover,
    layout,
    note,
    safe,
    scatter,
    shape,
)

LEAST_RATIO = 0.01
"""Of an interval that reaches down to nothing."""
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
    """Rows on one axis, in one unit. Ratios stand on a log scale: twice as often is as far from 1 as half as often."""

    dots: Sequence[Dot]
    axis_title: str
    is_share: bool = True
    is_difference: bool = False
    is_ratio: bool = False

    @property
    def middle(self) -> float | None:
        """Where nothing differs, as it is drawn; None where rows are no comparisons."""
        return 0.0 if self.is_difference or self.is_ratio else None

    def at(self, value: float) -> float:
        """Where a value is drawn."""
        if self.is_ratio:
            return log10(max(value, LEAST_RATIO))
        return value * 100 if self.is_share else value


def dots(panels: Sequence[DotPanel], numbers: Numbers, narrow: bool) -> Drawing:
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
        if panel.middle is not None:
            refs = {"xref": f"x{suffix}", "yref": f"y{suffix} domain"}
            shapes.append(shape("line", [panel.middle], [0, 1], {"color": INK, "width": 1}, layer="below", **refs))
        for row, dot in enumerate(panel.dots):
            traces += _dot_trace(dot, -row, suffix, panel, size=8 if narrow else 11)
            notes += _dot_notes(dot, -row, suffix, narrow, lift)
    frame = layout(
        numbers, inner + 12 + axis_room, (12, right, axis_room, left), annotations=notes, shapes=shapes, **axes
    )
    return {"data": traces, "layout": frame}


def _dot_range(panel: DotPanel) -> list[float]:
    ends = [panel.at(end) for dot in panel.dots for end in (dot.low, dot.high, dot.value) if end is not None]
    if panel.is_share and panel.middle is None:
        return [0, min(103.0, max([*ends, 1.0]) * 1.08)]
    low, high = min([*ends, 0.0]), max([*ends, 0.0])
    room = (high - low or 1.0) * 0.06
    return [low - room, high + room]


def _dot_ticks(panel: DotPanel, ends: Sequence[float], at_most: int, numbers: Numbers) -> Drawing:
    """Round numbers in the shop's language; differences with their sign, shares in percent."""
    if panel.is_ratio:
        powers = range(floor(ends[0]), ceil(ends[1]) + 1)
        for factors in ((1, 2, 5), (1, 3), (1,)):
            ratios = [factor * 10.0**power for power in powers for factor in factors]
            ratios = [ratio for ratio in ratios if ends[0] <= log10(ratio) <= ends[1]]
            if len(ratios) <= at_most:
                break
        written = [numbers.decimal(ratio, max(0, -floor(log10(ratio) + 1e-9))) for ratio in ratios]
        return {"tickvals": [log10(ratio) for ratio in ratios], "ticktext": written}
    rough = (ends[1] - ends[0]) / at_most
    scale = 10.0 ** floor(log10(rough))
    step = next(factor * scale for factor in (1, 2, 5, 10) if factor * scale >= rough)
    places = [step * count for count in range(ceil(ends[0] / step), floor(ends[1] / step) + 1)]
    digits = max(0, -floor(log10(step) + 1e-9))
    write = numbers.signed if panel.is_difference else numbers.decimal
    unit = f"{NBSP}%" if panel.is_share and not panel.is_difference else ""
    return {"tickvals": places, "ticktext": [write(place, digits) + unit for place in places]}


def _dot_trace(dot: Dot, y: float, suffix: str, panel: DotPanel, size: float) -> list[Drawing]:
    if dot.value is None:
        return []
    color = TONES[dot.tone]
    place = {"xaxis": f"x{suffix}", "yaxis": f"y{suffix}"}
    text = f"<b>{safe(dot.label, 60)}</b><br>{safe(dot.detail)}"
    traces = []
    if dot.low is not None and dot.high is not None:
        ends, line = [panel.at(dot.low), panel.at(dot.high)], {"color": color, "width": 3.5}
        traces.append(scatter("lines", ends, [y, y], line=line, **hover([text, text]), **place))
    marker = {"size": size, "color": color, "line": {"color": "#fff", "width": 1.5}}
    traces.append(scatter("markers", [panel.at(dot.value)], [y], marker=marker, **hover([text]), **place))
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
    label = f"<b>{safe(dot.label, 46)}</b><br><span style='color:{GREY};font-size:11px'>{safe(dot.detail, 56)}</span>"
    return [
        note(label, 0, y, xanchor="right", xshift=-14, align="right", yanchor="middle", **yref),
        note(right, 1, y, xanchor="left", xshift=14, color=color, yanchor="middle", **yref),
    ]
