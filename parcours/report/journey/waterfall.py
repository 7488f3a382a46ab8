"""A chart of how a total became another, part by part: bars that begin where the one above them ended.

Not drawn from nothing: of a large total that moved little, the parts would be too short to see.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from parcours.numbers import Numbers
from parcours.report.drawing import (
    BLUE,
    GREEN,
    GREY,
    RED,
    Drawing,
    axis,
    hidden_axis,
    hover,
    layout,
    note,
    safe,
)

PITCH, NARROW_PITCH = 34, 46


@dataclass(frozen=True)
class Bar:
    """A row: a total, or a part of the change; plain texts."""

    label: str
    detail: str
    value: float
    right: str
    is_total: bool = False


def waterfall(bars: Sequence[Bar], numbers: Numbers, narrow: bool) -> Drawing:
    """Bars from top to bottom: labels on the left (narrow: above each bar), what they are at the right."""
    begins, ends, at = [], [], 0.0
    for bar in bars:
        begins.append(at)
        at = bar.value if bar.is_total else at + bar.value
        ends.append(at)
    low, high = min([*begins[1:-1], *ends]), max(ends)
    room = (high - low or abs(high) or 1.0) * 0.12
    # A total is a mark at its place: a bar would have to begin at nothing, and what moved would be too short to see.
    mark = room / 18
    starts = [end - mark if bar.is_total else begin for bar, begin, end in zip(bars, begins, ends, strict=True)]
    stops = [end + mark if bar.is_total else end for bar, end in zip(bars, ends, strict=True)]
    pitch, left, right = (NARROW_PITCH, 6, 84) if narrow else (PITCH, 320, 128)
    colors = [BLUE if bar.is_total else GREEN if bar.value > 0 else RED for bar in bars]
    trace = {
        "type": "bar",
        "orientation": "h",
        "y": [-row for row in range(len(bars))],
        "base": starts,
        "x": [end - start for start, end in zip(starts, stops, strict=True)],
        "width": 0.36 if narrow else 0.56,
        "marker": {"color": colors, "line": {"width": 0}},
        **hover([f"<b>{safe(bar.label)}</b><br>{safe(bar.detail)}<br>{safe(bar.right)}" for bar in bars]),
    }
    notes: list[Drawing] = []
    for row, bar in enumerate(bars):
        notes += _texts(bar, -row, narrow)
    frame = layout(
        numbers,
        len(bars) * pitch + 20,
        (8, right, 12, left),
        xaxis=hidden_axis(range=[low - room, high + room]),
        yaxis=axis(range=[-len(bars) + 0.4, 0.75 if narrow else 0.6], showgrid=False, showticklabels=False),
        annotations=notes,
    )
    return {"data": [trace], "layout": frame}


def _texts(bar: Bar, y: float, narrow: bool) -> list[Drawing]:
    place = {"yref": "y", "xref": "paper", "yanchor": "middle"}
    right = note(f"<b>{safe(bar.right, 16)}</b>", 1, y, xanchor="left", xshift=8, **place)
    detail = f"<span style='color:{GREY};font-size:11px'>{safe(bar.detail, 46)}</span>"
    if narrow:
        text = f"<b>{safe(bar.label, 30)}</b> {detail}"
        return [note(text, 0, y, xanchor="left", yshift=17, size=11.5, **place), right]
    text = f"<b>{safe(bar.label, 34)}</b>  {detail}"
    return [note(text, 0, y, xanchor="right", xshift=-12, align="right", **place), right]
