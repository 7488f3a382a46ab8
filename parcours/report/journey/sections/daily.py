"""Conversion by shop day, of long periods by week; without sessions or orders, lead conversion or satisfaction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from parcours.numbers import Numbers
from parcours.report.day_axis import INCIDENT_SHADE, within
from parcours.report.drawing import BLUE, FADED, chart
from parcours.report.figures import Figures, Row
from parcours.report.journey.daily_chart import axis_end, daily_chart
from parcours.report.journey.headlines import HEADLINES, filled_in, name_of, name_within
from parcours.report.section import COUNTED, Column, Section, table
from parcours.words import later, listed, say, say_number, told

PLACE = 30
SOURCES = ("metrics.kpi_daily", "metrics.kpi_weekly", "metrics.kpis", "metrics.outage_days", "metrics.incidents")
OUTAGES: tuple[Column, ...] = (
    (later("Day"), "on", Numbers.day),
    (later("Outage"), "outage", lambda _, outage: told(outage)),
    (later("Orders"), "order_count", Numbers.count),
    (later("Expected sessions with an order"), "expected_order_count", Numbers.decimal),
)


@dataclass(frozen=True)
class Grain:
    """What is said of a dot: its column, the caption of the table, what it stands for, its entries in the legend."""

    column: str
    caption: str
    dot: str
    one: str
    small: str


GRAINS = {
    "day": Grain(
        later("Day"),
        later("{figure} by day"),
        later("A dot per shop day: {counted}."),
        later("a day"),
        later("a day with few attempts"),
    ),
    "week": Grain(
        later("Week"),
        later("{figure} by week"),
        later("A dot per week, from its Monday: {counted}."),
        later("a week"),
        later("a week with few attempts"),
    ),
}
TRENDS = {
    "overlap": later(
        "{figure} went from {before} to {after} between the halves of the period; their intervals overlap"
    ),
    "rose": later("{figure} rose from {before} in the earlier half to {after} in the later half"),
    "fell": later("{figure} fell from {before} in the earlier half to {after} in the later half"),
}


def sections(figures: Figures, numbers: Numbers) -> list[Section]:
    """One section, of the first figure that may be shown by day and is measured."""
    section = partial(Section, "daily", say("By day"), sources=SOURCES)
    measured = {kpi.kpi: kpi for kpi in figures.kpis if kpi.denominator}
    kpi = next((measured[name] for name, words in HEADLINES.items() if words.by_day and name in measured), None)
    if kpi is None:
        return [section(say("By day: nothing to show"), "", empty=say("Neither sessions, leads nor answers yet."))]
    days = [day for day in figures.days if day.kpi == kpi.kpi]
    grain, figure = GRAINS[days[0].grain], name_of(kpi)
    subtitle = [
        say(grain.dot, counted=filled_in(HEADLINES[kpi.kpi].by_day, kpi, figures.shop, numbers)),
        say("Lines: the earlier and later half of the period with their 95\u00a0% interval."),
        say("n\u00a0{count}.", count=numbers.count(kpi.denominator)),
    ]
    if kpi.kpi != "conversion":
        subtitle += _instead(figures.shop)
    inside = [change for change in figures.changes if days[0].on <= change.changed_on <= days[-1].on]
    has_small = any(day.is_small and day.value is not None for day in days)
    incidents = within(figures.incidents, days[0].on, days[-1].on)
    drawn = days, kpi, figures.changes, figures.outages
    columns: list[Column] = [(grain.column, "on", Numbers.day), (figure, "value", Numbers.share), *COUNTED]
    tables = [table(say(grain.caption, figure=name_within(kpi)), columns, days, numbers)]
    if figures.outages:
        tables.append(table(say("Outage days"), OUTAGES, figures.outages, numbers))
    return [
        section(
            _title(kpi, numbers),
            " ".join(subtitle),
            legend=[
                (BLUE, say(grain.one)),
                *([(FADED, say(grain.small))] if has_small else []),
                *([(INCIDENT_SHADE, say("an incident that nobody logged"))] if incidents else []),
            ],
            charts=[chart("daily-figure", partial(daily_chart, *drawn, figures.incidents, numbers))],
            notes=[text for text in (_outage_note(figures, numbers), _days_note(days, kpi, figures)) if text],
            numbered=[f"{change.label} ({numbers.day(change.changed_on)})" for change in inside],
            tables=tables,
        )
    ]


def _instead(shop: Row) -> list[str]:
    """Why another figure than conversion is shown."""
    if shop.events_until is None:
        return [say("Shown because this shop has no sessions.")]
    return [] if shop.orders_until else [say("Shown because this shop has no orders.")]


def _title(kpi: Row, numbers: Numbers) -> str:
    """The later half of the period against the earlier one, and whether their intervals overlap."""
    figure = name_within(kpi)
    if kpi.trend is None:
        return say("{figure} per day: {share} over the whole period", figure=figure, share=numbers.share(kpi.value))
    before, after = numbers.share(kpi.earlier_value), numbers.share(kpi.later_value)
    return say(TRENDS[kpi.trend], figure=figure, before=before, after=after)


def _days_note(days: Sequence[Row], kpi: Row, figures: Figures) -> str:
    """What the dots of the days leave out."""
    shown, is_by_day = [day for day in days if day.value is not None], days[0].grain == "day"
    small, empty = sum(day.is_small for day in shown), len(days) - len(shown)
    above = sum(day.value * 100 > axis_end(days, kpi) for day in shown)
    parts = []
    if small:
        parts.append(_small_days(small, len(days), figures.shop.small_cell, is_by_day))
    if above:
        parts.append(
            say_number(
                "{count} of these lies above the axis.", "{count} of these lie above the axis.", above, count=above
            )
        )
    if empty and is_by_day:
        parts.append(
            say_number(
                "{count} day has no matured attempt (no dot).",
                "{count} days have no matured attempt (no dot).",
                empty,
                count=empty,
            )
        )
    elif empty:
        parts.append(
            say_number(
                "{count} week has no matured attempt (no dot).",
                "{count} weeks have no matured attempt (no dot).",
                empty,
                count=empty,
            )
        )
    return " ".join(parts)


def _small_days(small: int, count: int, small_cell: int, is_by_day: bool) -> str:
    if is_by_day:
        return say_number(
            "{small} of {count} days has fewer than {small_cell} matured attempts (grey).",
            "{small} of {count} days have fewer than {small_cell} matured attempts (grey).",
            small,
            small=small,
            count=count,
            small_cell=small_cell,
        )
    return say_number(
        "{small} of {count} weeks has fewer than {small_cell} matured attempts (grey).",
        "{small} of {count} weeks have fewer than {small_cell} matured attempts (grey).",
        small,
        small=small,
        count=count,
        small_cell=small_cell,
    )


def _outage_note(figures: Figures, numbers: Numbers) -> str:
    """Which days are shaded, and why."""
    if not figures.outages:
        return say("No outage day was found.")
    days = [f"{numbers.day(row.on)} ({told(row.outage)})" for row in figures.outages]
    return say(
        "Shaded, outage days: {days}. Tracking outages are left out of rates, both kinds from changes.",
        days=listed(days),
    )
