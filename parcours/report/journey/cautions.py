"""What a reader must know before trusting the figures: days without data, answers that stand alone, rejected rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from parcours.numbers import Numbers, some
from parcours.report.figures import Figures, Row, first
from parcours.words import listed, say, say_number

OUTAGES = ("tracking", "payment")


def cautions(figures: Figures, numbers: Numbers) -> Iterator[str]:
    """A sentence each; none where there is nothing to say."""
    if figures.shop.has_orders_by_events:
        yield say("Orders are by purchase events: no export of orders is loaded.")
    for outage in OUTAGES:
        days = [short_day(row.on, figures.shop, numbers) for row in figures.outages if row.outage == outage]
        if days:
            yield _outage_days(outage, days, numbers)
    answers = first(figures.csat, stage="all")
    if answers and answers.unattached_count:
        yield _unattached(answers, figures.shop, numbers)
    rows = first(figures.exports, export=None)
    if rows and rows.rows_rejected:
        yield say_number(
            "{count} of {read} rows was rejected.",
            "{count} of {read} rows were rejected.",
            rows.rows_rejected,
            count=numbers.count(rows.rows_rejected),
            read=numbers.count(rows.rows_read),
        )
    refused = [row for row in figures.exports if row.export is not None and row.status != "loaded"]
    if refused:
        exports = listed([f"{row.export} ({row.file_count})" for row in refused])
        yield say("Files refused and not loaded: {exports}.", exports=exports)
    everything = first(figures.coverage, source=None)
    if everything and everything.staged_count < everything.touchpoint_count:
        yield say("Only {share} of touchpoints have a stage.", share=numbers.share(everything.staged_share))


def _unattached(answers: Row, shop: Row, numbers: Numbers) -> str:
    """How many answers stand alone."""
    counts = {
        "unattached": numbers.count(answers.unattached_count),
        "answers": numbers.count(answers.answer_count),
    }
    if shop.sells_by_deals:
        return say(
            "{unattached} of {answers} answers could not be attached to a touchpoint: they count in CSAT, not in "
            "what goes with it.",
            **counts,
        )
    return say(
        "{unattached} of {answers} answers could not be attached to an order or touchpoint: they count in CSAT, "
        "not in what goes with it.",
        **counts,
    )


def _outage_days(outage: str, days: Sequence[str], numbers: Numbers) -> str:
    """The days of an outage, and what is done with them."""
    figures = {"count": numbers.count(len(days)), "days": some(days)}
    if outage == "tracking":
        return say_number(
            "{count} tracking outage day ({days}), left out of rates.",
            "{count} tracking outage days ({days}), left out of rates.",
            len(days),
            **figures,
        )
    return say_number(
        "{count} day without payments ({days}): marked in charts, and not used to judge changes.",
        "{count} days without payments ({days}): marked in charts, and not used to judge changes.",
        len(days),
        **figures,
    )


def short_day(on: date, shop: Row, numbers: Numbers) -> str:
    """A day, with its year where the shop's days are of several."""
    return numbers.short_day(on, year=bool(shop.from_on) and shop.from_on.year != shop.until_on.year)
