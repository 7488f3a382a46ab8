"""What next: what those who dropped at a stage did instead, exactly one thing each."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import groupby

from parcours.numbers import NBSP, Numbers, plural
from parcours.report.drawing import (
    BLUE,
    FADED,
    GREY,
    LINE,
    ORANGE,
    PALE,
    SKY,
    Drawing,
    axis,
    chart,
    hidden_axis,
    hover,
    layout,
    percent_ticks,
    row_note,
    safe,
)
from parcours.report.figures import Figures, Row
from parcours.report.section import Column, Section, table

PLACE = 14
COLOURS = {
    "contacted support": BLUE,
    "another product": "#6f9dba",
    "earlier stage": SKY,
    "later session": PALE,
    "left": ORANGE,
    "open": FADED,
    "uncovered": LINE,
}
"""By outcome, in the order in which they are looked for."""
LABELLED_FROM = 0.06
"""A share of a strip that has room for its number."""
COLUMNS: tuple[Column, ...] = (
    ("Stage", "label", Numbers.text),
    ("Instead", "outcome", Numbers.text),
    ("Journeys", "unit_count", Numbers.count),
    ("Share of all", "dropped_share", Numbers.share),
    ("Of known", "outcome_rate", Numbers.share),
    ("95\u00a0% interval", "outcome_low outcome_high", Numbers.interval),
    ("Came back", "returned_count", Numbers.count),
    ("Ordered after all", "ordered_count", Numbers.count),
)


def sections(figures: Figures, numbers: Numbers) -> list[Section]:
    """One section where anybody dropped; none elsewhere."""
    if not figures.next_after:
        return []
    stages = [[*rows] for _, rows in groupby(figures.next_after, key=lambda row: row.place_number)]
    subtitle = (
        "Of the journeys that ended in a stage, the first of these that fits, until the inactivity limit is over: "
        "exactly one each, so a strip is 100\u00a0%. Left: none of the others, and not seen again."
    )
    used = [
        outcome for outcome in COLOURS if any(row.outcome == outcome and row.unit_count for row in figures.next_after)
    ]
    title = _title(stages, figures.shop.small_cell, numbers)
    return [
        Section(
            "next",
            "What next",
            title,
            subtitle,
            ("metrics.drop_off_next", "metrics.dropped_units"),
            charts=[
                chart("next-after", partial(strips, stages, numbers), description=f"{title}. Figures in the table.")
            ],
            legend=[(COLOURS[outcome], outcome) for outcome in used],
            tables=[table("What those who dropped did instead", COLUMNS, figures.next_after, numbers)],
        )
    ]


def _title(stages: Sequence[Sequence[Row]], small_cell: int, numbers: Numbers) -> str:
    """Of the stage that most dropped at: how many left for good, and the next most frequent thing that they did."""
    large = [rows for rows in stages if not rows[0].is_small]
    if not large:
        return f"No stage has the {small_cell} journeys that ended there that a comparison needs"
    most = max(large, key=lambda rows: rows[0].dropped_count)
    dropped = most[0].dropped_count
    known = sorted((row for row in most if row.outcome_rate), key=lambda row: -row.unit_count)
    if not known:
        return f"Of the {numbers.count(dropped)} journeys that ended at {most[0].label} nothing is known yet"
    said = " and ".join(f"{numbers.share(row.outcome_rate, 0)} {_did(row.outcome)}" for row in known[:2])
    return f"Of those who end at {most[0].label}, {said}"


def _did(outcome: str) -> str:
    went = {"another product": "went to another product", "earlier stage": "went back to an earlier stage"}
    return {**went, "later session": "came back in a later session"}.get(outcome, outcome)


def strips(stages: Sequence[Sequence[Row]], numbers: Numbers, narrow: bool) -> Drawing:
    """A strip of 100 % per stage, with the shares that have room for it; narrow: the stage's name above its strip."""
    pitch, left = (54, 6) if narrow else (40, 190)
    traces: list[Drawing] = []
    for outcome, colour in COLOURS.items():
        rows = [next((row for row in stage if row.outcome == outcome), None) for stage in stages]
        shares = [100 * (row.dropped_share or 0) if row else 0 for row in rows]
        if not any(shares):
            continue
        texts = [
            f"<b>{safe(stage[0].label, 40)}</b><br>{outcome}: {numbers.count(row.unit_count if row else 0)} of "
            f"{_journeys(stage[0].dropped_count, numbers)}"
            for stage, row in zip(stages, rows, strict=True)
        ]
        traces.append(
            {
                "type": "bar",
                "orientation": "h",
                "y": [-place for place in range(len(stages))],
                "x": shares,
                "width": 0.4 if narrow else 0.56,
                "marker": {"color": colour, "line": {"color": "#fff", "width": 1}},
                "text": [
                    f"{numbers.decimal(share, 0)}{NBSP}%" if share / 100 >= LABELLED_FROM else "" for share in shares
                ],
                "textposition": "inside",
                "insidetextanchor": "middle",
                "textangle": 0,
                "textfont": {"color": "#fff" if outcome == "contacted support" else "#1c2733", "size": 11},
                **hover(texts),
            }
        )
    notes = [
        row_note(stage[0].label, _journeys(stage[0].dropped_count, numbers), -place, narrow, 26 if narrow else 24)
        for place, stage in enumerate(stages)
    ]
    frame = layout(
        numbers,
        len(stages) * pitch + 56,
        (8, 16, 44, left),
        barmode="stack",
        xaxis=axis(
            range=[0, 100],
            title={"text": "of the journeys that ended there", "font": {"size": 11.5, "color": GREY}, "standoff": 8},
            **percent_ticks(),
        ),
        yaxis=hidden_axis(range=[-len(stages) + 0.5, 0.6]),
        annotations=notes,
    )
    return {"data": traces, "layout": frame}


def _journeys(count: int, numbers: Numbers) -> str:
    """So many journeys, in words."""
    return f"{numbers.count(count)} {plural(count, 'journey')}"
