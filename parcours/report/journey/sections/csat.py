"""Satisfaction: CSAT per stage with its interval, and what could not be attached."""

from __future__ import annotations

from functools import partial

from parcours.numbers import Numbers
from parcours.report.drawing import chart
from parcours.report.figures import Figures, Row, first
from parcours.report.journey.dots import Dot, DotPanel, dots
from parcours.report.journey.headlines import HEADLINES
from parcours.report.section import INTERVAL, Column, Section, table
from parcours.words import listed

PLACE = 60
CSAT: tuple[Column, ...] = (
    ("Stage", "name", Numbers.text),
    ("CSAT", "csat", Numbers.share),
    INTERVAL,
    ("Satisfied", "satisfied_count", Numbers.count),
    ("Answers", "answer_count", Numbers.count),
    ("Mean 0–10", "mean_of_10", Numbers.decimal),
    ("Unattached", "unattached_count", Numbers.count),
)


def sections(figures: Figures, numbers: Numbers) -> list[Section]:
    """One section: the stage with the lowest CSAT in its title."""
    section = partial(Section, "csat", "Satisfaction", sources=("metrics.csat_by_stage",))
    everything = first(figures.csat, stage="all")
    if everything is None or not everything.answer_count:
        return [section("Satisfaction by stage: not measured", "", empty=HEADLINES["satisfaction"].missing)]
    shown = []
    for row in figures.csat:
        detail = f"{numbers.count(row.satisfied_count)} of {numbers.count(row.answer_count)} answers"
        detail += " · too few to compare" if row.is_small else f" · 95\u00a0% {numbers.interval(row.low, row.high)}"
        tone = "quiet" if row.is_small else "plain" if row.label is not None else "beside"
        shown.append(Dot(row.name, detail, row.csat, row.low, row.high, tone, numbers.share(row.csat)))
    title, answers = _title(figures, numbers), numbers.count(everything.answer_count)
    subtitle = (
        "CSAT: answers in the top two of the scale / answers about the stage, with Wilson 95\u00a0% intervals. "
        f"n\u00a0{answers}."
    )
    unattached = (
        f"{numbers.count(everything.unattached_count)} of {answers} answers name no known order and follow no "
        f"touchpoint within {numbers.days(figures.shop.survey_lag_days)}: they keep the stage of their survey, if it "
        "has one."
        if everything.unattached_count
        else "Every answer is attached to an order or touchpoint."
    )
    panels = [DotPanel(shown, "CSAT, 95\u00a0% interval")]
    return [
        section(
            title,
            subtitle,
            charts=[chart("csat-stages", partial(dots, panels, numbers))],
            notes=[unattached],
            tables=[table("CSAT by stage", CSAT, figures.csat, numbers)],
        )
    ]


def _title(figures: Figures, numbers: Numbers) -> str:
    """The stage with the lowest CSAT, or those whose intervals overlap it."""
    stages = [row for row in figures.csat if row.label is not None and row.csat is not None and not row.is_small]
    ranked = sorted(stages, key=lambda row: (row.csat, row.stage))
    if not ranked:
        return f"No stage has the {figures.shop.small_cell} answers that a comparison needs"
    lowest, near = ranked[0], [row for row in ranked[1:] if (row.low or 0) <= (ranked[0].high or 0)]

    def shown(row: Row) -> str:
        return f"{row.label} ({numbers.share(row.csat, 0)})"

    if len(ranked) == 1:
        share, answers = numbers.share(lowest.csat, 0), numbers.count(lowest.answer_count)
        return f"{lowest.label}: {share} of {answers} answers satisfied"
    if near:
        return f"Satisfaction is lowest at {listed([shown(row) for row in [lowest, *near]])}: their intervals overlap"
    return f"Satisfaction is lowest at {shown(lowest)}"
