"""Pairs of places: of each how often people went there, and back."""

from __future__ import annotations

from collections.abc import Sequence

from parcours.numbers import Numbers
from parcours.report.drawing import (
    BLUE,
    FADED,
    GREY,
    SKY,
    Drawing,
    axis,
    hidden_axis,
    hover,
    layout,
    note,
    row_note,
    safe,
    scatter,
)
from parcours.report.figures import Row
from parcours.words import say

LEFT, AXIS_ROOM = 320, 46


def pairs_chart(rows: Sequence[Row], numbers: Numbers, narrow: bool) -> Drawing:
    """Two dots a pair, joined by a line; grey where few people went back."""
    pitch, left, right = (62, 14, 40) if narrow else (44, LEFT, 60)
    traces: list[Drawing] = []
    notes: list[Drawing] = []
    for place, row in enumerate(rows):
        there, back = (FADED, FADED) if row.is_small else (SKY, BLUE)
        counts = [row.there_count, row.back_count]
        name = say("{a} ⇄ {b}", a=row.a, b=row.b)
        detail = say(
            "{there} there, {back} back, in {journeys} journeys",
            there=numbers.count(row.there_count),
            back=numbers.count(row.back_count),
            journeys=numbers.count(row.back_journey_count),
        )
        text = f"<b>{safe(name, 60)}</b><br>{safe(detail)}"
        traces.append(scatter("lines", counts, [-place] * 2, line={"color": there, "width": 3}, hoverinfo="skip"))
        marker = {"size": 11, "color": [there, back], "line": {"color": "#fff", "width": 1.5}}
        traces.append(scatter("markers", counts, [-place] * 2, marker=marker, **hover([text, text])))
        notes.append(row_note(name, detail, -place, narrow, 44 if not narrow else 40))
        notes.append(
            note(numbers.count(row.there_count), row.there_count, -place, xanchor="left", xshift=9, size=11, color=GREY)
        )
    most = max(row.there_count for row in rows)
    frame = layout(
        numbers,
        len(rows) * pitch + AXIS_ROOM + 12,
        (12, right, AXIS_ROOM, left),
        annotations=notes,
        xaxis=axis(
            range=[0, most * 1.04],
            rangemode="tozero",
            nticks=4 if narrow else 8,
            tickformat=",d",
            title={"text": say("times"), "font": {"size": 11.5, "color": GREY}, "standoff": 8},
        ),
        yaxis=hidden_axis(range=[-len(rows) + 0.4, 0.6]),
    )
    return {"data": traces, "layout": frame}
