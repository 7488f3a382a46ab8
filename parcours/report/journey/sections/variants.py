"""The paths that journeys took: those of most journeys as strips, the rest counted."""

from __future__ import annotations

from functools import partial

from parcours.numbers import Numbers
from parcours.report.drawing import chart
from parcours.report.figures import Figures, Row
from parcours.report.journey.variants_chart import SCALE, colours_of, variants_chart
from parcours.report.section import Column, Section, table
from parcours.words import later, say, say_number

PLACE = 16
ARROW = " → "
"""Between the stages of a path."""
COLUMNS: tuple[Column, ...] = (
    (later("Path"), "words", Numbers.text),
    (later("Journeys"), "journey_count", Numbers.count),
    (later("Share"), "journey_share", Numbers.share),
    (later("With those before"), "cumulative_share", Numbers.share),
    (later("Ordered"), "ordered_count", Numbers.count),
    (later("Ordered, rate"), "ordered_rate", Numbers.share),
    (later("95\u00a0% interval"), "ordered_low ordered_high", Numbers.interval),
    (later("Time, median"), "median_seconds", Numbers.duration),
    (later("As intended"), "is_intended", lambda _, is_intended: say("yes") if is_intended else say("no")),
)

OF_DEALS = {"ordered_count": later("Won"), "ordered_rate": later("Won, rate")}
"""Columns by another name where a deal won is the purchase."""


def sections(figures: Figures, numbers: Numbers) -> list[Section]:
    """One section where enough journeys took any path; none elsewhere."""
    if not figures.variants:
        return []
    labels = {stage.stage: stage.label for stage in figures.stages}
    paths = [(row, row.path.split(ARROW)) for row in figures.variants]
    first, last = figures.variants[0], figures.variants[-1]
    used = [stage for stage in labels if any(stage in stages for _, stages in paths)]
    places = colours_of([*labels])
    title = say_number(
        "{count} path holds 80\u00a0% of the journeys; the most taken, {path}, holds {share}",
        "{count} paths hold 80\u00a0% of the journeys; the most taken, {path}, holds {share}",
        first.covering_count,
        count=numbers.count(first.covering_count),
        path=_words(first, labels),
        share=numbers.share(first.journey_share, 0),
    )
    rest = first.path_count - len(paths)
    more = say_number(
        "{count} more path, of {share} of the journeys, is in metrics.journey_variants.",
        "{count} more paths, of {share} of the journeys, are in metrics.journey_variants.",
        rest,
        count=numbers.count(rest),
        share=numbers.share(1 - last.cumulative_share),
    )
    of_deals = OF_DEALS if figures.shop.sells_by_deals else {}
    columns = [(of_deals.get(field, label), field, write) for label, field, write in COLUMNS]
    rows = [Row(**vars(row), words=_words(row, labels)) for row in figures.variants]
    return [
        Section(
            "variants",
            say("Paths"),
            title,
            _subtitle(figures.shop),
            ("metrics.journey_variants", "metrics.journey_paths"),
            charts=[
                chart(
                    "variants",
                    partial(variants_chart, paths, labels, numbers, figures.shop.sells_by_deals),
                    description=f"{title}.",
                )
            ],
            legend=[(SCALE[places[stage]], labels[stage]) for stage in used],
            notes=[more] if rest else [],
            tables=[table(say("Paths of most journeys"), columns, rows, numbers)],
        )
    ]


def _subtitle(shop: Row) -> str:
    if shop.sells_by_deals:
        return say(
            "A path: the stages in the order in which a journey that is over visited them, a block per visit; a step "
            "back is a lighter block behind a darker one. Of each its share of the journeys, and how many of them were "
            "won. Paths of a small cell are not shown."
        )
    return say(
        "A path: the stages in the order in which a journey that is over visited them, a block per visit; a "
        "step back is a lighter block behind a darker one. Of each its share of the journeys, and how many of "
        "them ordered. Paths of a small cell are not shown."
    )


def _words(row: Row, labels: dict[str, str]) -> str:
    return ARROW.join(labels.get(stage, stage) for stage in row.path.split(ARROW))
