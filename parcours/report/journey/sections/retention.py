"""Retention: cohorts by month of the first order × intervals of 30 days."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial

from parcours.numbers import Numbers
from parcours.report.drawing import Chart
from parcours.report.figures import Figures, Row
from parcours.report.journey.cohort_chart import cohort_chart, narrow_note
from parcours.report.section import Column, Section, table
from parcours.words import later, say

PLACE = 50


def _cohort(numbers: Numbers, on: date | None, interval: int) -> str:
    cohort = numbers.month(on) if on else say("Mean")
    return say("{cohort}, days {days}", cohort=cohort, days=numbers.month_of_days(interval))


COHORTS: tuple[Column, ...] = (
    (later("Cohort, interval"), "cohort_on interval_number", _cohort),
    (later("Ordered again"), "rate", Numbers.share),
    (later("Customers back"), "returned_count", Numbers.count),
    (later("Interval over"), "finished_count", Numbers.count),
    (later("Customers"), "customer_count", Numbers.count),
)


def sections(figures: Figures, numbers: Numbers) -> list[Section]:
    """One section: the mean over cohorts in its title. None of a shop that sells by deals."""
    if figures.shop.sells_by_deals:
        return []
    title = _title(figures, numbers)
    section = partial(Section, "retention", say("Retention"), title, sources=("metrics.retention_cohorts",))
    if not figures.cohorts:
        return [section("", empty=say("No first interval of 30 × 24 h is over yet."))]
    subtitle = say(
        "Cohort: shop month of the first order. A cell: customers with another order in that interval of 30 × 24 h "
        "since their own first order / customers for whom the interval is over. Blank: nobody has finished it. "
        "Grey counts: fewer than {small_cell}.",
        small_cell=figures.shop.small_cell,
    )
    finished = [cell for cell in figures.cohorts if cell.finished_count]
    return [
        section(
            subtitle,
            charts=[_chart(figures.cohorts, numbers)],
            notes=[say("The mean over cohorts is weighted by their size."), *narrow_note(figures.cohorts, numbers)],
            tables=[table(say("Cohorts and intervals"), COHORTS, finished, numbers)],
        )
    ]


def _title(figures: Figures, numbers: Numbers) -> str:
    """The share of customers who order again, mean over the cohorts."""
    mean = [cell for cell in figures.cohorts if cell.cohort_on is None and cell.rate is not None]
    if not mean:
        return say("Retention: no customer has finished a first interval of 30 days yet")
    start, end = mean[0], mean[-1]
    share = numbers.share(start.rate)
    if end is start:
        return say("{share} of customers order again within 30 days of their first order", share=share)
    return say(
        "{share} of customers order again within 30 days of their first order, {last_share} in days {days}",
        share=share,
        last_share=numbers.share(end.rate),
        days=numbers.month_of_days(end.interval_number),
    )


def _chart(cells: Sequence[Row], numbers: Numbers) -> Chart:
    """Months of first orders × intervals of 30 days."""

    def days(intervals: Sequence[int]) -> list[str]:
        first, *others = (numbers.month_of_days(number) for number in intervals)
        return [say("days {days}", days=first), *others]

    return cohort_chart("retention-cohorts", cells, numbers.month, days, numbers)
