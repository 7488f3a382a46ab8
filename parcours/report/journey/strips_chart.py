"""Strips of 100 %, a row each: what became of those that a row counts, exactly one thing each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from parcours.numbers import NBSP, Numbers
from parcours.report.drawing import (
    GREY,
    Drawing,
    axis,
    hidden_axis,
    hover,
    layout,
    percent_ticks,
    row_note,
    safe,
)

LABELLED_FROM = 0.06
"""A share of a strip that has room for its number."""


@dataclass(frozen=True)
class Strip:
    """A row's name, what it counts, and of each of its parts the share and what is shown under the pointer."""

    label: str
    detail: str
    parts: Mapping[str, tuple[float, str]]


def strips(
    rows: Sequence[Strip], colours: Mapping[str, tuple[str, str]], of: str, numbers: Numbers, narrow: bool
) -> Drawing:
    """The rows, with the shares that have room for it; narrow: a row's name above its strip.

    Args:
        rows: top to bottom.
        colours: by part, in the order in which parts stand in a strip: the colour, and that of a share written on it.
        of: what 100 % is, below the axis.
    """
    pitch, left = (54, 6) if narrow else (40, 190)
    traces: list[Drawing] = []
    for part, (colour, ink) in colours.items():
        shares = [100 * row.parts[part][0] if part in row.parts else 0 for row in rows]
        if not any(shares):
            continue
        texts = [f"<b>{safe(row.label, 40)}</b><br>{row.parts[part][1] if part in row.parts else ''}" for row in rows]
        traces.append(
            {
                "type": "bar",
                "orientation": "h",
                "y": [-place for place in range(len(rows))],
                "x": shares,
                "width": 0.4 if narrow else 0.56,
                "marker": {"color": colour, "line": {"color": "#fff", "width": 1}},
                "text": [
                    f"{numbers.decimal(share, 0)}{NBSP}%" if share / 100 >= LABELLED_FROM else "" for share in shares
                ],
                "textposition": "inside",
                "insidetextanchor": "middle",
                "textangle": 0,
                "textfont": {"color": ink, "size": 11},
                **hover(texts),
            }
        )
    frame = layout(
        numbers,
        len(rows) * pitch + 56,
        (8, 16, 44, left),
        barmode="stack",
        xaxis=axis(
            range=[0, 100],
            title={"text": of, "font": {"size": 11.5, "color": GREY}, "standoff": 8},
            **percent_ticks(),
        ),
        yaxis=hidden_axis(range=[-len(rows) + 0.5, 0.6]),
        annotations=[
            row_note(row.label, row.detail, -place, narrow, 26 if narrow else 24) for place, row in enumerate(rows)
        ],
    )
    return {"data": traces, "layout": frame}
