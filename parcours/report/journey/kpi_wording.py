"""The headline figures in words: definitions, numerators and denominators, the summary and its warnings.

Names, units and directions are the catalogue's (`parcours/settings/kpis.py`). Not here: the titles of the sections
(`wording.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from parcours.report.figures import Figures, Row, first
from parcours.report.numbers import NBSP, Numbers, listed, plural
from parcours.report.wording import (
    RANKINGS,
    Sentence,
    at_stake,
    change_phrase,
    drop_off_interval,
    flagged,
    impacts_of,
    ranked_by,
    some,
    step_of,
    tied_names,
)

OUTAGES = {"tracking": "left out of rates", "payment": "marked, and left out of before/after comparisons"}


@dataclass(frozen=True)
class HeadlineWords:
    """What a card says of a headline figure; braces name its numerator, its denominator or a measure."""

    counted: str
    definition: str
    missing: str
    by_day: str = ""


HEADLINES = {
    "conversion": HeadlineWords(
        "{numerator} of {denominator} sessions ended in an order",
        "Sessions with an order / sessions; an order belongs to its session, else to the last one within {hours} "
        "before it.",
        "No sessions, or no orders, in the exports: conversion can't be measured.",
        by_day="sessions with an order / sessions that began then",
    ),
    "cart_abandonment": HeadlineWords(
        "{numerator} of {denominator} carts had no order within {cart_days}",
        "1 − carts with an order within {cart_days} / carts created; carts the person emptied are in no rate.",
        "No carts, or no orders, in the exports: abandonment can't be measured.",
    ),
    "retention": HeadlineWords(
        "{numerator} of {denominator} customers ordered again within {retention_days} days",
        "Customers with a second order within {retention_days} days of the first / customers whose {retention_days} "
        "days are over.",
        "No customer's days are over yet: retention can't be measured.",
    ),
    "satisfaction": HeadlineWords(
        "{numerator} of {denominator} answers were in the top two of the scale",
        "CSAT: answers in the top two of the scale / answers.",
        "No survey answers in the exports: satisfaction can't be measured.",
        by_day="answers in the top two of the scale / answers given then",
    ),
}


def said_of(kpi: Row, text: str, shop: Row, numbers: Numbers) -> str:
    """A text of a headline figure with its counts and the measures filled in."""
    return text.format(
        numerator=numbers.count(kpi.numerator),
        denominator=numbers.count(kpi.denominator),
        hours=f"{numbers.count(shop.attribution_hours)}{NBSP}h",
        cart_days=numbers.days(shop.cart_horizon_days),
        retention_days=shop.retention_days,
    )


def beside(kpi: str, figures: Figures, numbers: Numbers) -> list[Sentence]:
    """The other figures that go by the same name, each with its own."""
    if kpi == "conversion":
        return [Sentence(numbers.share(way.value), way.way) for way in figures.conversion_ways if way.denominator]
    if kpi == "cart_abandonment":
        return [
            Sentence(numbers.share(way.value) if way.denominator else numbers.count(way.numerator), way.way)
            for way in figures.cart_ways
            if way.way != "cart abandonment" and (way.value is not None or way.denominator is None)
        ]
    if kpi == "retention":
        means = [cell for cell in figures.cohorts if cell.cohort_on is None and cell.rate is not None][:3]
        intervals = [numbers.month_of_days(cell.interval_number) for cell in means]
        return [
            Sentence(numbers.share(cell.rate), f"ordered again in days {days}, mean over cohorts")
            for cell, days in zip(means, intervals, strict=True)
        ]
    everything = first(figures.csat, stage="all")
    if kpi != "satisfaction" or everything is None:
        return []
    lines = [Sentence(f"{numbers.decimal(everything.mean_of_10)} of 10", "mean of the answers")]
    if everything.response_rate is not None:
        asked = numbers.count(everything.asked_count)
        lines.append(Sentence(numbers.share(everything.response_rate), f"response rate: answers / {asked} asked"))
    return lines


def summary(figures: Figures, numbers: Numbers) -> list[Sentence]:
    """The main findings: where journeys end, what the changes did, what to be careful about."""
    sentences = [_loss(figures, numbers)]
    if figures.changes:
        phrases = []
        for change in figures.changes:
            on = numbers.short_day(change.changed_on, year=covers_years(figures.shop))
            phrases.append(change_phrase(change, impacts_of(change, figures), on, numbers))
        sentences.append(Sentence("Before and after the changes.", "; ".join(phrases) + "."))
    careful = list(warnings(figures, numbers))
    if careful:
        sentences.append(Sentence("Read with care.", " ".join(careful)))
    return sentences


def covers_years(shop: Row) -> bool:
    """Whether days need their year."""
    return shop.from_on is not None and shop.until_on is not None and shop.from_on.year != shop.until_on.year


def _loss(figures: Figures, numbers: Numbers) -> Sentence:
    flag = flagged(figures)
    if flag is None:
        return Sentence("No stage can be flagged yet.", "Too few journeys are over to rank the stages.")
    stage = flag.stage
    rate = (
        f"{numbers.share(stage.drop_off_rate)} of the finished journeys that reach {stage.label} go no further "
        f"{drop_off_interval(stage, numbers)}{at_stake(stage, numbers)}."
    )
    if flag.tied:
        return Sentence(f"{tied_names(flag)} tie for the highest drop-off by {RANKINGS[flag.ranking]}.", rate)
    others = [ranked_by(figures, ranking) for ranking in RANKINGS if ranking != flag.ranking]
    differing = listed(
        [
            f"by {RANKINGS[ranked[0].ranking]} it is {ranked[0].label}"
            for ranked in others
            if ranked and ranked[0].stage != stage.stage
        ]
    )
    also = f" {differing[0].upper()}{differing[1:]}." if differing else ""
    return Sentence(f"{step_of(stage)} is where the shop loses most.", rate + also)


def warnings(figures: Figures, numbers: Numbers) -> Iterator[str]:
    """What a reader must know before trusting the figures; nothing where there is nothing."""
    for outage, consequence in OUTAGES.items():
        days = [row for row in figures.outages if row.outage == outage]
        if days:
            when = some([numbers.short_day(row.on, year=covers_years(figures.shop)) for row in days])
            yield f"{len(days)} {outage} outage {plural(len(days), 'day')} ({when}), {consequence}."
    answers = first(figures.csat, stage="all")
    if answers and answers.unattached_count:
        yield (
            f"{numbers.count(answers.unattached_count)} of {numbers.count(answers.answer_count)} answers could not be "
            "attached to an order or touchpoint."
        )
    rows = first(figures.exports, export=None)
    if rows and rows.rows_rejected:
        yield f"{numbers.count(rows.rows_rejected)} of {numbers.count(rows.rows_read)} rows were rejected."
    refused = [row for row in figures.exports if row.export is not None and row.status != "loaded"]
    if refused:
        yield f"Files refused and not loaded: {listed([f'{row.export} ({row.file_count})' for row in refused])}."
    everything = first(figures.coverage, source=None)
    if everything and everything.staged_count < everything.touchpoint_count:
        yield f"Only {numbers.share(everything.staged_share)} of touchpoints have a stage."
