"""Who comes back by hour, day, week or month of the shop's time: each retention that journey.yaml declares."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date

from parcours.numbers import Numbers
from parcours.report.figures import Figures, Row
from parcours.report.journey.cohort_chart import cohort_chart, narrow_note
from parcours.report.section import Column, Section, table
from parcours.words import later, say

PLACE = 53
PERIODS = {
    "hour": later("hour {number}"),
    "day": later("day {number}"),
    "week": later("week {number}"),
    "month": later("month {number}"),
}
COHORTS = {
    ("first", "hour"): later("Cohort: whose first entry ever is in that hour."),
    ("first", "day"): later("Cohort: whose first entry ever is on that day."),
    ("first", "week"): later("Cohort: whose first entry ever is in the week that begins on that day."),
    ("first", "month"): later("Cohort: whose first entry ever is in that month."),
    ("every", "hour"): later("Cohort: who has an entry in that hour, the first or a later one."),
    ("every", "day"): later("Cohort: who has an entry on that day, the first or a later one."),
    ("every", "week"): later("Cohort: who has an entry in the week that begins on that day, the first or a later one."),
    ("every", "month"): later("Cohort: who has an entry in that month, the first or a later one."),
}


def sections(figures: Figures, numbers: Numbers) -> list[Section]:
    """One section per retention with a period that is over for somebody."""
    ids = dict.fromkeys(row.retention_id for row in figures.returns)
    return [
        _section(number, [row for row in figures.returns if row.retention_id == retention_id], figures.shop, numbers)
        for number, retention_id in enumerate(ids, 1)
    ]


def _section(number: int, cells: Sequence[Row], shop: Row, numbers: Numbers) -> Section:
    retention = cells[0]

    def cohort_name(at: date | None) -> str:
        if at is None:
            return say("Mean")
        if retention.period == "month":
            return numbers.month(at)
        day = numbers.short_day(at)
        return f"{day} {at:%H:%M}" if retention.period == "hour" else day

    def period_name(_: Numbers, interval: int) -> str:
        return say(PERIODS[retention.period], number=numbers.count(interval))

    columns: tuple[Column, ...] = (
        (later("Cohort"), "cohort_on", lambda _, at: cohort_name(at)),
        (later("Period after it"), "interval_number", period_name),
        (later("Came back"), "rate", Numbers.share),
        (later("People back"), "returned_count", Numbers.count),
        (later("People"), "finished_count", Numbers.count),
    )
    subtitle = [
        say(COHORTS[retention.cohort, retention.period]),
        say(
            "A cell: people of the cohort who came back in that period after it (its entries and what counts as coming "
            "back: retentions, in journey.yaml). Blank: it has not ended. Grey counts: fewer than {small_cell}.",
            small_cell=shop.small_cell,
        ),
    ]
    if retention.at_least > 1:
        subtitle.append(say("Back: at least {count} times.", count=numbers.count(retention.at_least)))
    return Section(
        f"returns-{number}",
        retention.retention_label,
        _title(cells, period_name, numbers.count(shop.small_cell), numbers),
        " ".join(subtitle),
        ("metrics.retention_calendar",),
        charts=[
            cohort_chart(
                f"returns-{number}",
                cells,
                cohort_name,
                lambda intervals: [period_name(numbers, interval) for interval in intervals],
                numbers,
            )
        ],
        notes=[
            say(
                "The newest 12 cohorts with a period that has ended, and 12 periods after each; all of them are in "
                "metrics.retention_calendar. The mean over these cohorts is weighted by their size."
            ),
            *narrow_note(cells, numbers),
        ],
        tables=[table(say("Cohorts and periods"), columns, cells, numbers)],
    )


def _title(cells: Sequence[Row], period_name: Callable[[Numbers, int], str], small: str, numbers: Numbers) -> str:
    """The mean share back in the first period and the last, of those that enough people have finished."""
    mean = [cell for cell in cells if cell.cohort_on is None and not cell.is_small]
    if not mean:
        return say("{label}: fewer than {count} people in each period", label=cells[0].retention_label, count=small)
    start, end = mean[0], mean[-1]
    names = {"label": cells[0].retention_label, "period": period_name(numbers, start.interval_number)}
    if end is start:
        return say("{label}: {share} in {period}", share=numbers.share(start.rate), **names)
    return say(
        "{label}: {share} in {period}, {last_share} in {last_period}",
        share=numbers.share(start.rate),
        last_share=numbers.share(end.rate),
        last_period=period_name(numbers, end.interval_number),
        **names,
    )
