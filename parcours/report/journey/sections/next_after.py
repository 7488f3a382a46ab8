"""What next: what those who dropped at a stage did instead, exactly one thing each."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import groupby

from parcours.numbers import Numbers
from parcours.report.drawing import BLUE, FADED, INK, LINE, ORANGE, PALE, PAPER, SKY, chart
from parcours.report.figures import Figures, Row
from parcours.report.journey.strips_chart import Strip, strips
from parcours.report.section import Column, Section, table
from parcours.words import later, listed, say, say_number, told

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
DEEDS = {
    "contacted support": later("{share} contacted support"),
    "another product": later("{share} went to another product"),
    "earlier stage": later("{share} went back to an earlier stage"),
    "later session": later("{share} came back in a later session"),
    "left": later("{share} left"),
}
"""Of the outcomes that are known: how many did so."""
COLUMNS: tuple[Column, ...] = (
    (later("Stage"), "label", Numbers.text),
    (later("Instead"), "outcome", lambda _, outcome: told(outcome)),
    (later("Journeys"), "unit_count", Numbers.count),
    (later("Share of all"), "dropped_share", Numbers.share),
    (later("Of known"), "outcome_rate", Numbers.share),
    (later("95\u00a0% interval"), "outcome_low outcome_high", Numbers.interval),
    (later("Came back"), "returned_count", Numbers.count),
)
ORDERED: Column = (later("Ordered after all"), "ordered_count", Numbers.count)
WON: Column = (later("Won after all"), "ordered_count", Numbers.count)
"""The last column, and what it is called where a deal won is the purchase."""


def sections(figures: Figures, numbers: Numbers) -> list[Section]:
    """One section where anybody dropped; none elsewhere."""
    if not figures.next_after:
        return []
    stages = [[*rows] for _, rows in groupby(figures.next_after, key=lambda row: row.place_number)]
    subtitle = say(
        "Of the journeys that ended in a stage, the first of these that fits, until the inactivity limit is over: "
        "exactly one each, so a strip is 100\u00a0%. Left: none of the others, and not seen again."
    )
    used = [
        outcome for outcome in COLOURS if any(row.outcome == outcome and row.unit_count for row in figures.next_after)
    ]
    columns = [*COLUMNS, WON if figures.shop.sells_by_deals else ORDERED]
    title = _title(stages, figures.shop.small_cell, numbers)
    return [
        Section(
            "next",
            say("What next"),
            title,
            subtitle,
            ("metrics.drop_off_next", "metrics.dropped_units"),
            charts=[
                chart(
                    "next-after",
                    partial(
                        strips,
                        [_strip(stage, numbers) for stage in stages],
                        {outcome: (colour, PAPER if colour == BLUE else INK) for outcome, colour in COLOURS.items()},
                        say("of the journeys that ended there"),
                        numbers,
                    ),
                    description=say("{title}. Figures in the table.", title=title),
                )
            ],
            legend=[(COLOURS[outcome], told(outcome)) for outcome in used],
            tables=[table(say("What those who dropped did instead"), columns, figures.next_after, numbers)],
        )
    ]


def _title(stages: Sequence[Sequence[Row]], small_cell: int, numbers: Numbers) -> str:
    """Of the stage that most dropped at: how many left for good, and the next most frequent thing that they did."""
    large = [rows for rows in stages if not rows[0].is_small]
    if not large:
        return say("No stage has the {count} journeys that ended there that a comparison needs", count=small_cell)
    most = max(large, key=lambda rows: rows[0].dropped_count)
    known = sorted((row for row in most if row.outcome_rate), key=lambda row: -row.unit_count)
    if not known:
        return say(
            "Of the {count} journeys that ended at {stage} nothing is known yet",
            count=numbers.count(most[0].dropped_count),
            stage=most[0].label,
        )
    deeds = [say(DEEDS[row.outcome], share=numbers.share(row.outcome_rate, 0)) for row in known[:2]]
    return say("Of those who end at {stage}, {deeds}", stage=most[0].label, deeds=listed(deeds))


def _strip(stage: Sequence[Row], numbers: Numbers) -> Strip:
    """Of a stage the outcomes of those who dropped there."""
    journeys = _journeys(stage[0].dropped_count, numbers)
    parts = {
        row.outcome: (
            row.dropped_share or 0,
            say(
                "{outcome}: {count} of {journeys}",
                outcome=told(row.outcome),
                count=numbers.count(row.unit_count),
                journeys=journeys,
            ),
        )
        for row in stage
    }
    return Strip(stage[0].label, journeys, parts)


def _journeys(count: int, numbers: Numbers) -> str:
    """So many journeys, in words."""
    return say_number("{count} journey", "{count} journeys", count, count=numbers.count(count))
