"""The headline figures in words: names, definitions, numerators and denominators, the summary and its warnings.

Not here: the titles of the sections (`wording.py`).
"""

from __future__ import annotations

from parcours.report.figures import Figures, Impact, Kpi, Shop
from parcours.report.numbers import NBSP, Numbers, listed
from parcours.report.wording import RANKINGS, Sentence, at_stake, change_phrase, flagged, ranked_by, step_of

HEADLINES = ("conversion", "cart_abandonment", "retention", "satisfaction")
OUTAGES_NAMED = 3
LOWER_IS_BETTER = {"cart_abandonment", "checkout_abandonment"}
KPI_UNITS = {
    "conversion": "sessions",
    "cart_abandonment": "carts",
    "checkout_abandonment": "carts that reached checkout",
    "retention": "customers",
    "satisfaction": "answers",
    "net_order_value": "orders",
}
MISSING = {
    "conversion": "No sessions, or no orders, in the exports: conversion can't be measured.",
    "cart_abandonment": "No carts, or no orders, in the exports: abandonment can't be measured.",
    "retention": "No customer's days are over yet: retention can't be measured.",
    "satisfaction": "No survey answers in the exports: satisfaction can't be measured.",
}


def kpi_name(kpi: str, shop: Shop) -> str:
    """The name of a headline figure, with its days where it has some."""
    return {
        "conversion": "Conversion",
        "cart_abandonment": "Cart abandonment",
        "checkout_abandonment": "Checkout abandonment",
        "retention": f"Retention, {shop.retention_days} days",
        "satisfaction": "Satisfaction (CSAT)",
        "net_order_value": "Net order value",
    }.get(kpi, kpi)


def impact_name(impact: Impact, shop: Shop) -> str:
    """The name of a figure of metrics.change_impact; a step conversion by the labels of its steps."""
    if impact.to_step is None:
        return kpi_name(impact.kpi, shop)
    return f"{impact.from_step} → {impact.to_step}"


def impact_full_name(impact: Impact, shop: Shop) -> str:
    """As impact_name, with the funnel that a step is of."""
    name = impact_name(impact, shop)
    return f"{name}, step of {impact.funnel_name}" if impact.to_step is not None else name


def impact_short_name(impact: Impact, shop: Shop) -> str:
    """As it stands inside a sentence."""
    if impact.to_step is not None:
        return impact_name(impact, shop)
    return {"retention": "retention", "satisfaction": "satisfaction"}.get(
        impact.kpi, kpi_name(impact.kpi, shop).lower() if impact.kpi in KPI_UNITS else impact.kpi
    )


def impact_unit(impact: Impact) -> str:
    """What the two denominators of an impact count."""
    return KPI_UNITS.get(impact.kpi, f"at {impact.from_step}" if impact.from_step else "attempts")


def counted(kpi: Kpi, shop: Shop, numbers: Numbers) -> str:
    """Numerator and denominator in words."""
    n, d = numbers.count(kpi.numerator), numbers.count(kpi.denominator)
    return {
        "conversion": f"{n} of {d} sessions ended in an order",
        "cart_abandonment": f"{n} of {d} carts had no order within {numbers.days(shop.cart_horizon_days)}",
        "retention": f"{n} of {d} customers ordered again within {shop.retention_days} days",
        "satisfaction": f"{n} of {d} answers were in the top two of the scale",
    }[kpi.kpi]


def still_open(kpi: Kpi, numbers: Numbers) -> str:
    """How many attempts are in no rate; empty where none is open."""
    if not kpi.open_count:
        return ""
    return f"{numbers.count(kpi.open_count)} {KPI_UNITS[kpi.kpi]} still open, in no rate"


def definition(kpi: str, shop: Shop, numbers: Numbers) -> str:
    """What the headline figure means, in one line."""
    hours = numbers.decimal(shop.attribution_hours, 0)
    return {
        "conversion": "Sessions with an order / sessions; an order belongs to its session, else to the last one "
        f"within {hours}{NBSP}h before it.",
        "cart_abandonment": f"1 − carts with an order within {numbers.days(shop.cart_horizon_days)} / carts created; "
        "carts the person emptied are in no rate.",
        "retention": f"Customers with a second order within {shop.retention_days} days of the first / customers whose "
        f"{shop.retention_days} days are over.",
        "satisfaction": "CSAT: answers in the top two of the scale / answers.",
    }[kpi]


def beside(kpi: str, figures: Figures, numbers: Numbers) -> list[Sentence]:
    """The other figures that go by the same name, each with its own."""
    if kpi == "conversion":
        ways = [way for way in figures.conversion_ways if way.denominator]
        return [Sentence(numbers.share(way.value), way.way) for way in ways]
    if kpi == "cart_abandonment":
        wanted = [way for way in figures.cart_ways if way.way != "cart abandonment"]
        return [
            Sentence(numbers.share(way.value) if way.denominator else numbers.count(way.numerator), way.way)
            for way in wanted
            if way.value is not None or way.denominator is None
        ]
    if kpi == "retention":
        means = [cell for cell in figures.cohorts if cell.cohort_on is None and cell.rate is not None][:3]
        return [
            Sentence(
                numbers.share(cell.rate),
                f"ordered again in days {numbers.month_of_days(cell.interval_number)}, mean over cohorts",
            )
            for cell in means
        ]
    everything = next((row for row in figures.csat if row.stage == "all"), None)
    if everything is None:
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
            impacts = [impact for impact in figures.impacts if impact.change_id == change.change_id]
            names = [impact_short_name(impact, figures.shop) for impact in impacts]
            on = numbers.short_day(change.changed_on, year=covers_years(figures.shop))
            phrases.append(change_phrase(change, impacts, names, on, numbers))
        sentences.append(Sentence("Before and after the changes.", "; ".join(phrases) + "."))
    careful = warnings(figures, numbers)
    if careful:
        sentences.append(Sentence("Read with care.", " ".join(careful)))
    return sentences


def covers_years(shop: Shop) -> bool:
    """Whether days need their year."""
    return shop.from_on is not None and shop.until_on is not None and shop.from_on.year != shop.until_on.year


def _loss(figures: Figures, numbers: Numbers) -> Sentence:
    flag = flagged(figures)
    if flag is None:
        return Sentence("No stage can be flagged yet.", "Too few journeys are over to rank the stages.")
    stage = flag.stage
    rate = (
        f"{numbers.share(stage.drop_off_rate)} of the finished journeys that reach {stage.label} go no further "
        f"(95\u00a0% interval {numbers.interval(stage.drop_off_low, stage.drop_off_high)}){at_stake(stage, numbers)}."
    )
    if flag.tied:
        names = listed([stage.label, *(row.label for row in flag.tied)])
        return Sentence(f"{names} tie for the highest drop-off by {RANKINGS[flag.ranking]}.", rate)
    others = [ranked_by(figures, ranking) for ranking in RANKINGS if ranking != flag.ranking]
    differing = [
        f"by {RANKINGS[ranked[0].ranking]} it is {ranked[0].label}"
        for ranked in others
        if ranked and ranked[0].stage != stage.stage
    ]
    also = f" {listed(differing)[0].upper()}{listed(differing)[1:]}." if differing else ""
    return Sentence(f"{step_of(stage)} is where the shop loses most.", rate + also)


def warnings(figures: Figures, numbers: Numbers) -> list[str]:
    """What a reader must know before trusting the figures; empty where there is nothing."""
    found = []
    for outage, consequence in (
        ("tracking", "left out of rates"),
        ("payment", "marked, and left out of before/after comparisons"),
    ):
        days = [row for row in figures.outages if row.outage == outage]
        if days:
            named = [numbers.short_day(row.on, year=covers_years(figures.shop)) for row in days[:OUTAGES_NAMED]]
            rest = len(days) - len(named)
            when = listed([*named, f"{rest} more"] if rest else named)
            noun = "outage day" if len(days) == 1 else "outage days"
            found.append(f"{len(days)} {outage} {noun} ({when}), {consequence}.")
    answers = next((row for row in figures.csat if row.stage == "all"), None)
    if answers and answers.unattached_count:
        found.append(
            f"{numbers.count(answers.unattached_count)} of {numbers.count(answers.answer_count)} answers could not be "
            "attached to an order or touchpoint."
        )
    rows = next((row for row in figures.exports if row.export is None), None)
    if rows and rows.rows_rejected:
        found.append(f"{numbers.count(rows.rows_rejected)} of {numbers.count(rows.rows_read)} rows were rejected.")
    refused = [row for row in figures.exports if row.export is not None and row.status != "loaded"]
    if refused:
        names = listed([f"{row.export} ({row.file_count})" for row in refused])
        found.append(f"Files refused and not loaded: {names}.")
    everything = next((row for row in figures.coverage if row.source is None), None)
    if everything and everything.staged_count < everything.touchpoint_count:
        found.append(f"Only {numbers.share(everything.staged_share)} of touchpoints have a stage.")
    return found
