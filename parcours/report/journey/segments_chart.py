"""The map by segment: a row per segment, a column per stage, and in each cell its drop-off as a bar on one scale."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from parcours.numbers import NOTHING, Numbers
from parcours.report.drawing import (
    FAINT,
    INK,
    LINE,
    ORANGE,
    RED,
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
from parcours.report.figures import Row
from parcours.words import say

WIDE, NARROW = 0.62, 0.5
"""The width of a bar of 100 %, of a column; the rest is its figure's."""


@dataclass(frozen=True)
class SegmentRow:
    """A segment's name, and its cell of each stage; a cell that is left out is missing."""

    label: str
    detail: str
    cells: Mapping[str, Row]


def segments_chart(
    rows: Sequence[SegmentRow], stages: Mapping[str, str], red: frozenset[str], numbers: Numbers, narrow: bool
) -> Drawing:
    """Bars from 0 to 100 % of those who reached a stage and went no further, with 95 % intervals."""
    pitch, left = (58, 6) if narrow else (40, 200)
    bar = NARROW if narrow else WIDE
    bars: dict[str, list[Any]] = {"x": [], "base": [], "y": [], "color": [], "text": []}
    traces: list[Drawing] = []
    notes: list[Drawing] = []
    for row_number, row in enumerate(rows):
        y = -row_number
        notes.append(row_note(row.label, row.detail, y, narrow, 30 if narrow else 26))
        for column, stage in enumerate(stages):
            cell = row.cells.get(stage)
            if cell is None:
                missing = NOTHING if narrow else say("left out")
                notes.append(note(missing, column + 0.02, y, xanchor="left", size=10.5, color=FAINT))
                continue
            bars["x"].append(cell.drop_off_rate * bar)
            bars["base"].append(column)
            bars["y"].append(y)
            bars["color"].append(RED if stage in red else ORANGE)
            share = numbers.share(cell.drop_off_rate, 0)
            went_no_further = say(
                "{stage}: {dropped} of {finished} went no further, {share} ({interval})",
                stage=safe(stages[stage]),
                dropped=numbers.count(cell.dropped_count),
                finished=numbers.count(cell.matured_count),
                share=share,
                interval=numbers.interval(cell.drop_off_low, cell.drop_off_high),
            )
            bars["text"].append(f"<b>{safe(row.label, 60)}</b><br>{went_no_further}")
            ends = [column + max(end, 0) * bar for end in (cell.drop_off_low, cell.drop_off_high)]
            traces.append(scatter("lines", ends, [y, y], line={"color": INK, "width": 1.2}, hoverinfo="skip"))
            notes.append(note(share, column + bar + 0.04, y, xanchor="left", size=10.5 if narrow else 11.5))
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
    for column, label in enumerate(stages.values()):
        text = f"<b>{wrapped(label, 12 if narrow else 18)}</b>"
        notes.append(note(text, column, 1, size=9.5 if narrow else 12, **above))
    edges = [(column + place * bar) for column in range(len(stages)) for place in (0, 1)]
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
        for column, stage in enumerate(stages)
        if stage in red
    ]
    frame = layout(
        numbers,
        len(rows) * pitch + 62,
        (44, 6, 18, left),
        xaxis=hidden_axis(range=[-0.04, len(stages)]),
        yaxis=hidden_axis(range=[0.5 - len(rows), 0.5]),
        annotations=notes,
        shapes=lines,
        barmode="overlay",
    )
    return {"data": traces, "layout": frame}
