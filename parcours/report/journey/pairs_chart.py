"""Pairs of places: of each how often people went there, and back."""

from __future__ import annotations

from collections.abc import Sequence

from parcours.numbers import Numbers
from parcours.report.drawing import (
    BLUE,
    GREY,
    SKY,
    Drawing,
    axis,
    hidden_axis,
    hover,
    layout,
    note,
    safe,
    scatter,
)
from parcours.report.figures import Row
from parcours.words import say, say_number

LEFT, AXIS_ROOM = 320, 46


def pairs_chart(rows: Sequence[Row], numbers: Numbers, narrow: bool) -> Drawing:
    """Two dots a pair, joined by a line."""
    pitch, left, right = (76, 14, 40) if narrow else (44, LEFT, 60)
    traces: list[Drawing] = []
    notes: list[Drawing] = []
    for place, row in enumerate(rows):
        counts = [row.there_transition_count, row.back_transition_count]
        name = say("{a} ⇄ {b}", a=row.a, b=row.b)
        detail = say_number(
            "{there} there, {back} back, in {journeys} journey",
            "{there} there, {back} back, in {journeys} journeys",
            row.back_journey_count,
            there=numbers.count(row.there_transition_count),
            back=numbers.count(row.back_transition_count),
            journeys=numbers.count(row.back_journey_count),
        )
        text = f"<b>{safe(name, 60)}</b><br>{safe(detail)}"
        traces.append(scatter("lines", counts, [-place] * 2, line={"color": SKY, "width": 3}, hoverinfo="skip"))
        marker = {"size": 11, "color": [SKY, BLUE], "line": {"color": "#fff", "width": 1.5}}
        traces.append(scatter("markers", counts, [-place] * 2, marker=marker, **hover([text, text])))
        notes.append(_named(name, detail, -place, narrow))
        notes.append(
            note(
                numbers.count(row.there_transition_count),
                row.there_transition_count,
                -place,
                xanchor="left",
                xshift=9,
                size=11,
                color=GREY,
            )
        )
    most = max(row.there_transition_count for row in rows)
    frame = layout(
        numbers,
        len(rows) * pitch + AXIS_ROOM + 12,
        (12, right, AXIS_ROOM, left),
        annotations=notes,
        xaxis=axis(
            range=[-most * 0.02, most * 1.04],
            nticks=4 if narrow else 8,
            tickformat=",d",
            title={"text": say("times"), "font": {"size": 11.5, "color": GREY}, "standoff": 8},
        ),
        yaxis=hidden_axis(range=[-len(rows) + (0.7 if narrow else 0.4), 0.75 if narrow else 0.6]),
    )
    return {"data": traces, "layout": frame}


def _named(name: str, detail: str, y: float, narrow: bool) -> Drawing:
    """What a row is of, beside it, or above it where it is narrow."""
    text = (
        f"<b>{safe(name, 40 if narrow else 46)}</b><br><span style='color:{GREY};font-size:11px'>{safe(detail)}</span>"
    )
    if narrow:
        return note(text, 0, y, xref="paper", xanchor="left", yanchor="bottom", align="left", yshift=10, xshift=-8)
    return note(text, 0, y, xref="paper", xanchor="right", yanchor="middle", align="right", xshift=-12)
