"""Satisfaction: CSAT per stage with its interval, and what could not be attached."""

from __future__ import annotations

from functools import partial

from parcours.numbers import Numbers
from parcours.report.drawing import chart
from parcours.report.figures import Figures, Row, first
from parcours.report.journey.dots import Dot, DotPanel, dots
from parcours.report.journey.headlines import HEADLINES
from parcours.report.section import INTERVAL, Column, Section, table
from parcours.words import later, listed, say, say_number, told

PLACE = 60
CSAT: tuple[Column, ...] = (
    (later("Stage"), "label name", lambda _, label, name: label or told(name)),
    (later("CSAT"), "csat", Numbers.share),
    INTERVAL,
    (later("Satisfied"), "satisfied_count", Numbers.count),
    (later("Answers"), "answer_count", Numbers.count),
    ("Mean 0–10", "mean_of_10", Numbers.decimal),
    (later("Unattached"), "unattached_count", Numbers.count),
)


def sections(figures: Figures, numbers: Numbers) -> list[Section]:
    """One section: the stage with the lowest CSAT in its title."""
    section = partial(Section, "csat", say("Satisfaction"), sources=("metrics.csat_by_stage",))
    everything = first(figures.csat, stage="all")
    if everything is None or not everything.answer_count:
        return [section(say("Satisfaction by stage: not measured"), "", empty=say(HEADLINES["satisfaction"].missing))]
    shown = []
    for row in figures.csat:
        tone = "quiet" if row.is_small else "plain" if row.label is not None else "beside"
        name = row.label or told(row.name)
        shown.append(Dot(name, _detail(row, numbers), row.csat, row.low, row.high, tone, numbers.share(row.csat)))
    subtitle = say(
        "CSAT: answers in the top two of the scale / answers about the stage, with Wilson 95\u00a0% intervals. "
        "n\u00a0{answers}.",
        answers=numbers.count(everything.answer_count),
    )
    panels = [DotPanel(shown, say("CSAT, 95\u00a0% interval"))]
    return [
        section(
            _title(figures, numbers),
            subtitle,
            charts=[chart("csat-stages", partial(dots, panels, numbers))],
            notes=[_unattached(everything, figures.shop, numbers)],
            tables=[table(say("CSAT by stage"), CSAT, figures.csat, numbers)],
        )
    ]


def _detail(row: Row, numbers: Numbers) -> str:
    """How many answers of a stage are satisfied, with the interval of their share."""
    figures = {"satisfied": numbers.count(row.satisfied_count), "count": numbers.count(row.answer_count)}
    if row.is_small:
        return say_number(
            "{satisfied} of {count} answer · too few to compare",
            "{satisfied} of {count} answers · too few to compare",
            row.answer_count,
            **figures,
        )
    return say_number(
        "{satisfied} of {count} answer · 95\u00a0% {interval}",
        "{satisfied} of {count} answers · 95\u00a0% {interval}",
        row.answer_count,
        interval=numbers.interval(row.low, row.high),
        **figures,
    )


def _unattached(everything: Row, shop: Row, numbers: Numbers) -> str:
    """How many answers say neither by an order nor by what came before what they are about."""
    if not everything.unattached_count:
        return _all_attached(shop)
    figures = {
        "count": numbers.count(everything.unattached_count),
        "answers": numbers.count(everything.answer_count),
        "days": numbers.days(shop.survey_lag_days),
    }
    if shop.sells_by_deals:
        return say_number(
            "{count} of {answers} answers follows no touchpoint within {days}: it keeps the stage of its survey, if it "
            "has one.",
            "{count} of {answers} answers follow no touchpoint within {days}: they keep the stage of their survey, if "
            "it has one.",
            everything.unattached_count,
            **figures,
        )
    return say_number(
        "{count} of {answers} answers names no known order and follows no touchpoint within {days}: it keeps the stage "
        "of its survey, if it has one.",
        "{count} of {answers} answers name no known order and follow no touchpoint within {days}: they keep the stage "
        "of their survey, if it has one.",
        everything.unattached_count,
        **figures,
    )


def _all_attached(shop: Row) -> str:
    if shop.sells_by_deals:
        return say("Every answer is attached to a touchpoint.")
    return say("Every answer is attached to an order or touchpoint.")


def _title(figures: Figures, numbers: Numbers) -> str:
    """The stage with the lowest CSAT, or those whose intervals overlap it."""
    stages = [row for row in figures.csat if row.label is not None and row.csat is not None and not row.is_small]
    ranked = sorted(stages, key=lambda row: (row.csat, row.stage))
    if not ranked:
        return say("No stage has the {count} answers that a comparison needs", count=figures.shop.small_cell)
    lowest, near = ranked[0], [row for row in ranked[1:] if (row.low or 0) <= (ranked[0].high or 0)]

    def shown(row: Row) -> str:
        return f"{row.label} ({numbers.share(row.csat, 0)})"

    if len(ranked) == 1:
        return say_number(
            "{stage}: {share} of {count} answer satisfied",
            "{stage}: {share} of {count} answers satisfied",
            lowest.answer_count,
            stage=lowest.label,
            share=numbers.share(lowest.csat, 0),
            count=numbers.count(lowest.answer_count),
        )
    if near:
        overlapping = listed([shown(row) for row in [lowest, *near]])
        return say("Satisfaction is lowest at {stages}: their intervals overlap", stages=overlapping)
    return say("Satisfaction is lowest at {stage}", stage=shown(lowest))
