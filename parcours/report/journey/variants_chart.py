"""The paths that most journeys took: a line per path, a block per visit of a stage."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from parcours.numbers import Numbers
from parcours.report.drawing import (
    GREY,
    ON_DARK,
    ON_LIGHT,
    Drawing,
    hidden_axis,
    hover,
    layout,
    note,
    safe,
    scatter,
    shape,
)
from parcours.report.figures import Row
from parcours.words import say, say_number

SCALE = ("#fde9c8", "#f6d186", "#c9d88a", "#8ec9a0", "#5fb3ad", "#4a93ad", "#47709f", "#4a4e87", "#40305f")
"""Light to dark along the map, so that a step back is seen as one, in colours that the colour-blind tell apart."""
DARK_FROM = 6
"""From this place on a block's words are white."""
BLOCKS = 8
"""At most drawn of a path; the rest is counted."""


def colours_of(stages: Sequence[str]) -> dict[str, int]:
    """The place on the scale of each stage, spread over it."""
    last = max(len(stages) - 1, 1)
    return {stage: round(place * (len(SCALE) - 1) / last) for place, stage in enumerate(stages)}


def variants_chart(
    variants: Sequence[tuple[Row, Sequence[str]]],
    labels: Mapping[str, str],
    numbers: Numbers,
    is_of_deals: bool,
    narrow: bool,
) -> Drawing:
    """Each path with its stages: its share of the journeys at the left, how many of them ordered, or were won, at the
    right."""
    pitch, left, right = (50, 6, 8) if narrow else (36, 150, 145)
    places = colours_of([*labels])
    widest = min(max((len(stages) for _, stages in variants), default=1), BLOCKS)
    blocks: list[Drawing] = []
    notes: list[Drawing] = []
    x, y, texts = [], [], []
    for number, (row, stages) in enumerate(variants):
        middle = -number
        share = numbers.share(row.journey_share, 1)
        counted = say_number(
            "{count} journey", "{count} journeys", row.journey_count, count=numbers.count(row.journey_count)
        )
        share_of_it = numbers.share(row.ordered_rate, 0)
        ordered = say("{share} won", share=share_of_it) if is_of_deals else say("{share} ordered", share=share_of_it)
        lasted = say(
            "median\u00a0{duration} from first to last touchpoint", duration=numbers.duration(row.median_seconds)
        )
        if narrow:
            head = f"<b>{share}</b> <span style='color:{GREY}'>{counted} · {ordered}</span>"
            notes.append(note(head, 0, middle + 0.4, xref="paper", xanchor="left", yanchor="middle", size=11.5))
        else:
            head = f"<b>{share}</b> <span style='color:{GREY};font-size:11px'>{counted}</span>"
            beside = {"xref": "paper", "yanchor": "middle"}
            notes.append(note(head, 0, middle, xanchor="right", align="right", xshift=-12, **beside))
            notes.append(note(ordered, 1, middle, xanchor="left", xshift=10, size=11.5, color=GREY, **beside))
        half = 0.2 if narrow else 0.36
        for place, stage in enumerate(stages[:BLOCKS]):
            shade = places.get(stage, 0)
            blocks.append(
                shape(
                    "rect",
                    (place + 0.03, place + 0.97),
                    (middle - half, middle + half),
                    {"width": 0},
                    fillcolor=SCALE[shade],
                    layer="below",
                )
            )
            if not narrow:
                colour = ON_DARK if shade >= DARK_FROM else ON_LIGHT
                notes.append(note(safe(labels.get(stage, stage), 14), place + 0.5, middle, size=11, color=colour))
            x.append(place + 0.5)
            y.append(middle)
            visit = say("visit {number} of {count}", number=place + 1, count=len(stages))
            texts.append(f"<b>{safe(labels.get(stage, stage))}</b><br>{visit} · {counted}, {ordered}<br>{lasted}")
        if len(stages) > BLOCKS:
            more = f"+{len(stages) - BLOCKS}"
            notes.append(note(more, BLOCKS + 0.05, middle, xanchor="left", size=11, color=GREY))
    frame = layout(
        numbers,
        len(variants) * pitch + 24,
        (8, right, 8, left),
        xaxis=hidden_axis(range=[0, widest + (0.4 if widest == BLOCKS else 0)]),
        yaxis=hidden_axis(range=[0.5 - len(variants), 0.6]),
        annotations=notes,
        shapes=blocks,
    )
    marks = scatter("markers", x, y, marker={"size": 26, "color": "rgba(0,0,0,0)"}, **hover(texts))
    return {"data": [marks], "layout": frame}
