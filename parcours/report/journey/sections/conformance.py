"""The intended path and the real ones: who keeps to it, which deviations are frequent, and what goes with them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from parcours.numbers import Numbers
from parcours.report.drawing import chart
from parcours.report.figures import Figures, Row
from parcours.report.journey.dots import Dot, DotPanel, dots
from parcours.report.section import Column, Section, table
from parcours.words import later, say, say_number

PLACE = 17
SHOWN = 6
"""Deviations that are drawn, the most frequent; the tables have all."""

AT_A_PLACE = {
    "skip": later("Left out: {place}"),
    "late": later("Too long in {place}"),
    "forbidden": later("Not intended: to begin with {place}"),
}
BETWEEN = {
    "back": later("Back: {from_place} → {place}"),
    "loop": later("Loop: {from_place} → {place}"),
    "repeat": later("Again: {from_place} → {place}"),
    "late": later("Late: {from_place} → {place}"),
    "forbidden": later("Not intended: {from_place} → {place}"),
}
MEANINGS = {
    "back": later("Back: to a stage before the one that they were in."),
    "loop": later("Loop: forward again to the stage that they had just gone back from."),
    "repeat": later("Again: forward to another stage in which they had been."),
    "late": later("Late, too long: more time than the limit."),
    "skip": later("Left out: not touched, though a later required stage was."),
}


def _deviation(kind: str, place_type: str, place: str, from_place: str | None) -> str:
    """A deviation as one reads it."""
    if from_place is None:
        return say(AT_A_PLACE[kind], place=place)
    return say(BETWEEN[kind], place=place, from_place=from_place)


NAME = "kind place_type place from_place"
DEVIATIONS: tuple[Column, ...] = (
    (later("Deviation"), NAME, lambda _, *parts: _deviation(*parts)),
    (later("Journeys with it"), "deviating_count", Numbers.count),
    (later("Journeys that are over"), "journey_count", Numbers.count),
    (later("Without it"), "conforming_rate", Numbers.share),
    (later("95\u00a0% interval"), "conforming_low conforming_high", Numbers.interval),
    (later("Times"), "deviation_count", Numbers.count),
    (later("Beyond the limit, median"), "median_seconds_beyond", Numbers.duration),
)
COSTS: tuple[Column, ...] = (
    (later("Deviation"), NAME, lambda _, *parts: _deviation(*parts)),
    (later("Compared"), "compared_count", Numbers.count),
    (later("Ordered later"), "ordered_count", Numbers.count),
    (later("Ordered later, rate"), "ordered_rate", Numbers.share),
    (later("Comparable journeys"), "comparable_count", Numbers.count),
    (later("Ordered later, comparable"), "comparable_rate", Numbers.share),
    (later("Difference"), "difference", Numbers.points),
    (
        later("95\u00a0% interval"),
        "difference_low difference_high",
        lambda numbers, low, high: numbers.differences(low, high, "share"),
    ),
)

OF_DEALS = {
    "ordered_count": later("Won later"),
    "ordered_rate": later("Won later, rate"),
    "comparable_rate": later("Won later, comparable"),
}
"""Columns by another name where a deal won is the purchase."""


def sections(figures: Figures, numbers: Numbers) -> list[Section]:
    """One section where journeys are over and could deviate from their path; none elsewhere."""
    whole = next((row for row in figures.conformance if row.kind == "all" and row.journey_count), None)
    deviations = [row for row in figures.conformance if row.kind != "all" and row.deviating_count]
    is_a_path = sum(stage.is_required for stage in figures.stages) > 1
    if whole is None or not (deviations or (is_a_path and not whole.is_small)):
        return []
    subtitle = say(
        "The intended path: the required stages in the order of the map, and the limits of journey.yaml. Journeys that "
        "are over (silent for {limit}; n\u00a0{count}) and deviate from it so, with Wilson 95\u00a0% intervals; one "
        "journey may deviate in several ways.",
        limit=numbers.days(figures.shop.inactivity_days),
        count=numbers.count(whole.journey_count),
    )
    often = DotPanel(
        [_dot(row, numbers) for row in deviations[:SHOWN]], say("of the journeys that are over, 95\u00a0% interval")
    )
    is_of_deals = figures.shop.sells_by_deals
    columns = [((OF_DEALS if is_of_deals else {}).get(field, label), field, write) for label, field, write in COSTS]
    costs = [_cost(row, is_of_deals, numbers) for row in figures.deviation_costs[:SHOWN]]
    beside = (
        say("those that are won later, beside comparable journeys, in points")
        if is_of_deals
        else say("those that order later, beside comparable journeys, in points")
    )
    cost = DotPanel(costs, beside, is_difference=True)
    return [
        Section(
            "conformance",
            say("Intended path"),
            _title(whole, deviations, numbers),
            subtitle,
            ("metrics.path_conformance", "metrics.deviation_cost"),
            charts=[chart("conformance", partial(dots, [often], numbers))] if deviations else [],
            notes=[*_meanings(deviations[:SHOWN]), *_notes(figures.deviation_costs, is_of_deals, numbers)],
            folded=[chart("deviation-costs", partial(dots, [cost], numbers))] if costs else [],
            tables=[
                table(say("Journeys and deviations"), DEVIATIONS, deviations, numbers),
                *([table(say("What goes with them"), columns, figures.deviation_costs, numbers)] if costs else []),
            ]
            if deviations
            else [],
        )
    ]


def _title(whole: Row, deviations: Sequence[Row], numbers: Numbers) -> str:
    """How many keep to the path, and the most frequent deviation."""
    if not deviations:
        return say_number(
            "The {count} journey that is over kept to the intended path",
            "All {count} journeys that are over kept to the intended path",
            whole.journey_count,
            count=numbers.count(whole.journey_count),
        )
    most = deviations[0]
    name = _deviation(most.kind, most.place_type, most.place, most.from_place)
    if whole.is_small:
        return say(
            "{count} of {all} journeys kept to the intended path, too few for a rate; most often “{deviation}”",
            count=numbers.count(whole.conforming_count),
            all=numbers.count(whole.journey_count),
            deviation=name,
        )
    return say(
        "{share} of journeys keep to the intended path; the most frequent deviation is “{deviation}” ({rate})",
        share=numbers.share(whole.conforming_rate, 0),
        deviation=name,
        rate=numbers.share(1 - most.conforming_rate),
    )


def _dot(row: Row, numbers: Numbers) -> Dot:
    detail = say(
        "{count} of {all} journeys",
        count=numbers.count(row.deviating_count),
        all=numbers.count(row.journey_count),
    )
    share = 1 - row.conforming_rate
    name = _deviation(row.kind, row.place_type, row.place, row.from_place)
    tone = "quiet" if row.is_small else "plain"
    return Dot(name, detail, share, 1 - row.conforming_high, 1 - row.conforming_low, tone, numbers.share(share))


def _cost(row: Row, is_of_deals: bool, numbers: Numbers) -> Dot:
    figures = {
        "rate": numbers.share(row.ordered_rate),
        "count": numbers.count(row.compared_count),
        "comparable": numbers.share(row.comparable_rate),
    }
    if is_of_deals:
        detail = say("{rate} of {count} are won later, {comparable} of comparable ones", **figures)
    else:
        detail = say("{rate} of {count} order later, {comparable} of comparable ones", **figures)
    name = _deviation(row.kind, row.place_type, row.place, row.from_place)
    tone = "quiet" if row.is_small else "worsened" if row.difference_high < 0 else "plain"
    return Dot(
        name, detail, row.difference, row.difference_low, row.difference_high, tone, numbers.points(row.difference)
    )


def _meanings(deviations: Sequence[Row]) -> list[str]:
    """What the kinds of deviation that are drawn are, in a line."""
    kinds = {row.kind for row in deviations}
    return (
        [" ".join(say(meaning) for kind, meaning in MEANINGS.items() if kind in kinds)] if kinds & {*MEANINGS} else []
    )


def _notes(costs: Sequence[Row], is_of_deals: bool, numbers: Numbers) -> list[str]:
    """What is dear among the deviations, and what a difference does not say."""
    compared = [row for row in costs if not row.is_small]
    if not compared:
        return []
    dear = [row for row in compared if row.difference_high < 0]
    kept = say(
        "Comparable: journeys that were at the same point as long, had bought nothing and not deviated so yet. The "
        "difference goes with a deviation; it need not be caused by it."
    )
    if not dear and is_of_deals:
        return [say("After none of these deviations are fewer won for certain than of comparable journeys."), kept]
    if not dear:
        return [say("After none of these deviations do fewer order for certain than of comparable journeys."), kept]
    return [*(_dear(row, is_of_deals, numbers) for row in sorted(dear, key=lambda row: row.difference)), kept]


def _dear(row: Row, is_of_deals: bool, numbers: Numbers) -> str:
    """A deviation after which fewer buy, and how many do."""
    figures = {
        "deviation": _deviation(row.kind, row.place_type, row.place, row.from_place),
        "rate": numbers.share(row.ordered_rate),
        "comparable": numbers.share(row.comparable_rate),
    }
    if is_of_deals:
        return say("{deviation}: {rate} are won later, {comparable} of comparable journeys.", **figures)
    return say("{deviation}: {rate} order later, {comparable} of comparable journeys.", **figures)
