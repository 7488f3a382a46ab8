"""Rows by columns, and in each cell a share as a bar on one scale: the map by segment, or by type of journey."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from parcours.numbers import NOTHING, Numbers
from parcours.report.drawing import (
    FAINT,
    INK,
    LINE,
    RED_TINT,
    Drawing,
    hidden_axis,
    hover,
    layout,
    note,
    row_note,
    safe,
    scatter,
    shape,
    wrapped,
)
from parcours.words import say

WIDE, NARROW = 0.62, 0.5
"""The width of a bar of 100 %, of a column; the rest is its figure's."""
MANY = 6
"""Columns beyond which their names have less room."""


@dataclass(frozen=True)
class Cell:
    """A share of 0–1 and its interval, how it is written beside its bar, and what is shown under the pointer, escaped.

    Without a share there is what is written alone; without an interval, none is drawn.
    """

    share: float | None
    written: str
    text: str
    colour: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True)
class CellRow:
    """A row's name, what it counts, and its cell of each column; a cell that is left out is missing."""

    label: str
    detail: str
    cells: Mapping[str, Cell]


def segments_chart(
    rows: Sequence[CellRow], columns: Mapping[str, str], red: frozenset[str], numbers: Numbers, narrow: bool
) -> Drawing:
    """Bars from 0 to 100 % of a column's width, with 95 % intervals; columns by their keys, with their names."""
    pitch, left = (58, 6) if narrow else (40, 200)
    bar = NARROW if narrow else WIDE
    bars: dict[str, list[Any]] = {"x": [], "base": [], "y": [], "color": [], "text": []}
    traces: list[Drawing] = []
    notes: list[Drawing] = []
    for row_number, row in enumerate(rows):
        y = -row_number
        notes.append(row_note(row.label, row.detail, y, narrow, 30 if narrow else 28))
        for column, key in enumerate(columns):
            cell = row.cells.get(key)
            if cell is None:
                missing = NOTHING if narrow else say("left out")
                notes.append(note(missing, column + 0.02, y, xanchor="left", size=10.5, color=FAINT))
                continue
            bars["x"].append((cell.share or 0) * bar)
            bars["base"].append(column)
            bars["y"].append(y)
            bars["color"].append(cell.colour)
            bars["text"].append(f"<b>{safe(row.label, 60)}</b><br>{cell.text}")
            if cell.low is not None and cell.high is not None:
                ends = [column + max(end, 0) * bar for end in (cell.low, cell.high)]
                traces.append(scatter("lines", ends, [y, y], line={"color": INK, "width": 1.2}, hoverinfo="skip"))
            beside = bar + 0.04 if cell.share is not None else 0.02
            notes.append(note(cell.written, column + beside, y, xanchor="left", size=10.5 if narrow else 11.5))
    traces.insert(
        0,
        {
            "type": "bar",
            "orientation": "h",
            "x": bars["x"],
            "base": bars["base"],
            "y": bars["y"],
            "width": 0.3 if narrow else 0.5,
            "marker": {"color": bars["color"]},
            **hover(bars["text"]),
        },
    )
    above = {"yref": "paper", "xanchor": "left", "yanchor": "bottom", "align": "left", "yshift": 6}
    letters = min(18, max(12, 54 // len(columns))) if narrow else 14 if len(columns) > MANY else 18
    for column, label in enumerate(columns.values()):
        text = f"<b>{wrapped(label, letters)}</b>"
        notes.append(note(text, column, 1, size=9.5 if narrow else 12, **above))
    edges = [(column + place * bar) for column in range(len(columns)) for place in (0, 1)]
    lines = [shape("line", (x, x), (0.5, 0.5 - len(rows)), {"color": LINE, "width": 1}, layer="below") for x in edges]
    lines += [
        shape(
            "rect",
            (column - 0.04, column + 0.96),
            (0.5, 0.5 - len(rows)),
            {"width": 0},
            layer="below",
            fillcolor=RED_TINT,
        )
        for column, key in enumerate(columns)
        if key in red
    ]
    frame = layout(
        numbers,
        len(rows) * pitch + 62,
        (44, 6, 18, left),
        xaxis=hidden_axis(range=[-0.04, len(columns)]),
        yaxis=hidden_axis(range=[0.5 - len(rows), 0.5]),
        annotations=notes,
        shapes=lines,
        barmode="overlay",
    )
    return {"data": traces, "layout": frame}
