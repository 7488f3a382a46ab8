"""The paths that journeys took: those of most journeys as strips, the rest counted."""

from __future__ import annotations

from functools import partial

from parcours.numbers import Numbers, plural
from parcours.report.drawing import chart
from parcours.report.figures import Figures, Row
from parcours.report.journey.variants_chart import SCALE, colours_of, variants_chart
from parcours.report.section import Column, Section, table

PLACE = 16
ARROW = " → "
"""Between the stages of a path."""
COLUMNS: tuple[Column, ...] = (
    ("Path", "words", Numbers.text),
    ("Journeys", "journey_count", Numbers.count),
    ("Share", "journey_share", Numbers.share),
    ("With those before", "cumulative_share", Numbers.share),
    ("Ordered", "ordered_count", Numbers.count),
    ("Ordered, rate", "ordered_rate", Numbers.share),
    ("95\u00a0% interval", "ordered_low ordered_high", Numbers.interval),
    ("Time, median", "median_seconds", Numbers.duration),
    ("As intended", "intended", Numbers.text),
)


def sections(figures: Figures, numbers: Numbers) -> list[Section]:
    """One section where enough journeys took any path; none elsewhere."""
    if not figures.variants:
        return []
    labels = {stage.stage: stage.label for stage in figures.stages}
    paths = [(row, row.path.split(ARROW)) for row in figures.variants]
    first, count = figures.variants[0], figures.variants[0].path_count
    used = [stage for stage in labels if any(stage in stages for _, stages in paths)]
    places = colours_of([*labels])
    title = (
        f"{numbers.count(first.covering_count)} {plural(first.covering_count, 'path')} "
        f"{plural(first.covering_count, 'holds', 'hold')} 80\u00a0% of the journeys; the most taken, "
        f"{_words(first, labels)}, holds {numbers.share(first.journey_share, 0)}"
    )
    rest = count - len(paths)
    last = figures.variants[-1]
    more = (
        f"{numbers.count(rest)} more {plural(rest, 'path')}, of "
        f"{numbers.share(1 - last.cumulative_share)} of the journeys, are in metrics.journey_variants."
    )
    rows = [
        Row(**vars(row), words=_words(row, labels), intended="yes" if row.is_intended else "no")
        for row in figures.variants
    ]
    return [
        Section(
            "variants",
            "Paths",
            title,
            "A path: the stages in the order in which a journey that is over visited them, a block per visit; a step "
            "back is a lighter block behind a darker one. Of each its share of the journeys, and how many of them "
            "ordered. Paths of a small cell are not shown.",
            ("metrics.journey_variants", "metrics.journey_paths"),
            charts=[chart("variants", partial(variants_chart, paths, labels, numbers), description=f"{title}.")],
            legend=[(SCALE[places[stage]], labels[stage]) for stage in used],
            notes=[more] if rest else [],
            tables=[table("Paths of most journeys", COLUMNS, rows, numbers)],
        )
    ]


def _words(row: Row, labels: dict[str, str]) -> str:
    return ARROW.join(labels.get(stage, stage) for stage in row.path.split(ARROW))
