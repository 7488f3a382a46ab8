"""Back and forth: the pairs of stages, or touchpoints, between which people go both ways; channel after channel."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from parcours.numbers import Numbers
from parcours.report.drawing import BLUE, SKY, chart
from parcours.report.figures import Figures, Row
from parcours.report.journey.next_channels import channels_view
from parcours.report.journey.pairs_chart import pairs_chart
from parcours.report.section import Column, Section, View, table
from parcours.words import later, say, say_number

PLACE = 15
SHOWN, LISTED = 6, 40
"""Pairs that are drawn, those gone back between most often, and in the table."""
KINDS = {"stage": later("Stages"), "touchpoint": later("Touchpoints")}
PAIRS: tuple[Column, ...] = (
    (later("There and back"), "a b", lambda _, a, b: say("{a} ⇄ {b}", a=a, b=b)),
    (later("There"), "there_transition_count", Numbers.count),
    (later("Back"), "back_transition_count", Numbers.count),
    (later("Journeys, there"), "there_journey_count", Numbers.count),
    (later("Journeys, back"), "back_journey_count", Numbers.count),
    (later("People, back"), "back_person_count", Numbers.count),
    (later("Time until back, median"), "back_median_seconds", Numbers.duration),
)


def sections(figures: Figures, numbers: Numbers) -> list[Section]:
    """One section where enough people went back anywhere; none elsewhere."""
    by_kind = {kind: [row for row in figures.back_and_forth if row.kind == kind] for kind in KINDS}
    by_kind = {kind: rows for kind, rows in by_kind.items() if any(not row.is_small for row in rows)}
    channels = channels_view(figures.next_channels, numbers)
    views = [_view(kind, rows, numbers) for kind, rows in by_kind.items()] + ([channels] if channels else [])
    if not views:
        return []
    return [
        Section(
            "back-and-forth",
            say("Back and forth"),
            _title(next(iter(by_kind.values())), numbers) if by_kind else views[0].title,
            say(
                "Pairs of places between which people went both ways within a journey, those gone back between most "
                "often first. There: the way taken more often; back: the other one. A place right after itself is not "
                "counted. Pairs of which fewer than {small} people went back are in the table alone.",
                small=numbers.count(figures.shop.small_cell),
            ),
            ("metrics.transitions", "metrics.next_channels"),
            views=views,
        )
    ]


def _title(rows: Sequence[Row], numbers: Numbers) -> str:
    most = _most(rows)
    return say_number(
        "People go back and forth most between {a} and {b}: {count} times back, in {journeys} journey",
        "People go back and forth most between {a} and {b}: {count} times back, in {journeys} journeys",
        most.back_journey_count,
        a=most.a,
        b=most.b,
        count=numbers.count(most.back_transition_count),
        journeys=numbers.count(most.back_journey_count),
    )


def _most(rows: Sequence[Row]) -> Row:
    """The pair gone back between most often, of those in which enough people did."""
    return next(row for row in rows if not row.is_small)


def _view(kind: str, rows: Sequence[Row], numbers: Numbers) -> View:
    name, most = say(KINDS[kind]), _most(rows)
    rest = len(rows) - LISTED
    title = say(
        "{kind}: {a} ⇄ {b} most often, {there} times there and {back} back",
        kind=name,
        a=most.a,
        b=most.b,
        there=numbers.count(most.there_transition_count),
        back=numbers.count(most.back_transition_count),
    )
    return View(
        name,
        title,
        chart(
            f"back-and-forth-{kind}",
            partial(pairs_chart, [row for row in rows if not row.is_small][:SHOWN], numbers),
            description=say("{title}. Figures in the table.", title=title),
        ),
        table(say("Pairs gone back between most often"), PAIRS, rows[:LISTED], numbers),
        say_number(
            "{count} more pair is in metrics.transitions.",
            "{count} more pairs are in metrics.transitions.",
            rest,
            count=numbers.count(rest),
        )
        if rest > 0
        else "",
        [(SKY, say("there")), (BLUE, say("back"))],
    )
