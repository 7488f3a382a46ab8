"""The second order: the share of customers who have one, by days since the first; and what open cohorts may come to."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from functools import partial

from parcours.numbers import Numbers
from parcours.report.drawing import BLUE, FADED, ORANGE, chart
from parcours.report.figures import Figures, Row
from parcours.report.journey.second_order_chart import second_order_chart
from parcours.report.section import Column, Section, table
from parcours.words import later, say

PLACE = 52
COHORTS = 3
"""Of cohorts that are not over, so many of the newest are drawn; all are in the table."""
INTERVAL_DAYS = 30
MEASURED: tuple[Column, ...] = (
    (later("Days since the first order"), "day_number", Numbers.count),
    (later("Ordered again"), "ordered_share", Numbers.share),
    (later("95\u00a0% interval"), "low high", Numbers.interval),
    (later("Without one so far, observed"), "at_risk_count", Numbers.count),
)


def _cohort(numbers: Numbers, on: date, interval: int) -> str:
    days = numbers.days((interval + 1) * INTERVAL_DAYS)
    return say("{month}, within {days}", month=numbers.month(on), days=days)


EXPECTED: tuple[Column, ...] = (
    (later("Cohort"), "cohort_on interval_number", _cohort),
    (later("Expected"), "expected_rate", Numbers.share),
    (later("90\u00a0% of what may come"), "expected_low expected_high", Numbers.interval),
    (later("Ordered again so far"), "returned_so_far_count", Numbers.count),
    (later("Customers"), "entered_count", Numbers.count),
    (later("Not over yet"), "open_count", Numbers.count),
)


def sections(figures: Figures, numbers: Numbers) -> list[Section]:
    """One section where enough customers are followed for an interval; none elsewhere."""
    if figures.shop.sells_by_deals:
        return []
    day = _day(figures)
    if day is None:
        return []
    known = [row for row in figures.second_orders if not row.is_small]
    cohorts = _open_cohorts(figures.expected_orders)
    subtitle = say(
        "Customers with a second order within so many days of 24\u00a0h of their first one, by all days on which they "
        "are observed (Kaplan–Meier, 95\u00a0% interval; n\u00a0{count}). Grey: fewer than {small} are observed.",
        count=numbers.count(figures.second_orders[0].at_risk_count),
        small=numbers.count(figures.shop.small_cell),
    )
    legend = [(BLUE, say("measured"))]
    if len(known) < len(figures.second_orders):
        legend.append((FADED, say("measured of few")))
    if cohorts:
        legend.append((ORANGE, say("dashed: expected of a month's new customers, 90\u00a0% of what may come")))
    title = _title(figures, day, numbers)
    listed = [row for row in (_at(figures.second_orders, on) for on in _days(figures)) if row is not None]
    return [
        Section(
            "second-order",
            say("Second order"),
            title,
            subtitle,
            ("metrics.second_order_survival", "metrics.retention_expected"),
            charts=[
                chart(
                    "second-order",
                    partial(second_order_chart, figures.second_orders, cohorts, numbers),
                    description=say("{title}. Figures in the table.", title=title),
                )
            ],
            legend=legend,
            notes=[
                say(
                    "What is expected is of the cohort's own days so far and of what earlier cohorts did on later "
                    "ones. It is in no rate; seasons and sales are not foreseen."
                )
            ]
            if cohorts
            else [],
            tables=[
                table(say("Measured"), MEASURED, listed, numbers),
                *([table(say("Expected"), EXPECTED, figures.expected_orders, numbers)] if cohorts else []),
            ],
        )
    ]


def _at(rows: Sequence[Row], day: int) -> Row | None:
    """The share by the end of a day, and how many were still observed on it; None: not enough are."""
    until = [row for row in rows if row.day_number <= day]
    after = [row for row in rows if row.day_number >= day]
    if not until or not after:
        return None
    last, observed = until[-1], after[0]
    low, high = last.survival_high, last.survival_low
    return Row(
        day_number=day,
        ordered_share=1 - last.survival_rate,
        low=None if low is None else 1 - low,
        high=None if high is None else 1 - high,
        at_risk_count=observed.at_risk_count,
        is_small=observed.is_small,
    )


def _days(figures: Figures) -> list[int]:
    last = figures.second_orders[-1].day_number if figures.second_orders else 0
    return [*range(INTERVAL_DAYS, last + 1, INTERVAL_DAYS)]


def _day(figures: Figures) -> int | None:
    """The day that the title speaks of: the last one of which a cohort is expected something, else the last one."""
    known = [day for day in _days(figures) if (row := _at(figures.second_orders, day)) is not None and not row.is_small]
    expected = [day for day in known if _expected_by(figures, day)]
    return max(expected, default=max(known, default=None))


def _expected_by(figures: Figures, day: int) -> Row | None:
    """What is expected by a day of the newest cohort that is no small cell; None: nothing is, or nobody."""
    rows = [row for row in figures.expected_orders if _end(row) == day and not row.is_small and row.expected_high > 0]
    return rows[-1] if rows else None


def _end(row: Row) -> int:
    return int((row.interval_number + 1) * INTERVAL_DAYS)


def _title(figures: Figures, day: int, numbers: Numbers) -> str:
    """The share by a day, and what the newest cohort of which it is known is expected to come to by then."""
    row, expected = _at(figures.second_orders, day), _expected_by(figures, day)
    share, days = numbers.share(row.ordered_share if row else None), numbers.days(day)
    if expected is None:
        return say(
            "An estimated {share} of customers order again within {days} of their first order", share=share, days=days
        )
    return say(
        "An estimated {share} of customers order again within {days} of their first order; of those of {month} "
        "{expected} are expected to ({interval})",
        share=share,
        days=days,
        month=numbers.month(expected.cohort_on),
        expected=numbers.share(expected.expected_rate),
        interval=numbers.interval(expected.expected_low, expected.expected_high),
    )


def _open_cohorts(rows: Sequence[Row]) -> dict[date, list[Row]]:
    """The newest cohorts that are no small cells, each with what is expected of it, by interval."""
    newest = sorted({row.cohort_on for row in rows if not row.is_small})[-COHORTS:]
    return {on: [row for row in rows if row.cohort_on == on] for on in newest}
