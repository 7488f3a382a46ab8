"""Conversion by shop day, of long periods by week; for shops without sessions, lead conversion or satisfaction."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from parcours.numbers import Numbers, plural
from parcours.report.day_axis import INCIDENT_SHADE, within
from parcours.report.drawing import BLUE, FADED, chart
from parcours.report.figures import Figures, Row
from parcours.report.journey.daily_chart import axis_end, daily_chart
from parcours.report.journey.headlines import HEADLINES, filled_in
from parcours.report.section import COUNTED, Column, Section, table
from parcours.words import listed

PLACE = 30
SOURCES = ("metrics.kpi_daily", "metrics.kpi_weekly", "metrics.kpis", "metrics.outage_days", "metrics.incidents")
OUTAGES: tuple[Column, ...] = (
    ("Day", "on", Numbers.day),
    ("Outage", "outage", Numbers.text),
    ("Orders", "order_count", Numbers.count),
    ("Expected sessions with an order", "expected_order_count", Numbers.decimal),
)


def sections(figures: Figures, numbers: Numbers) -> list[Section]:
    """One section, of the first figure that may be shown by day and is measured."""
    section = partial(Section, "daily", "By day", sources=SOURCES)
    kpi = next((kpi for kpi in figures.kpis if HEADLINES[kpi.kpi].by_day and kpi.denominator), None)
    if kpi is None:
        return [section("By day: nothing to show", "", empty="Neither sessions, leads nor answers yet.")]
    days = [day for day in figures.days if day.kpi == kpi.kpi]
    grain, title = days[0].grain, _title(kpi, numbers)
    counted = filled_in(HEADLINES[kpi.kpi].by_day, kpi, figures.shop, numbers)
    subtitle = (
        f"A dot per {'shop day' if grain == 'day' else 'week, from its Monday'}: {counted}. "
        "Lines: the earlier and later half of the period with their 95\u00a0% interval. "
        f"n\u00a0{numbers.count(kpi.denominator)}."
    )
    if kpi.kpi in ("satisfaction", "lead_conversion"):
        subtitle += " Shown because this shop has no sessions."
    inside = [change for change in figures.changes if days[0].on <= change.changed_on <= days[-1].on]
    has_small = any(day.is_small and day.value is not None for day in days)
    incidents = within(figures.incidents, days[0].on, days[-1].on)
    drawn = days, kpi, figures.changes, figures.outages
    columns: list[Column] = [(grain.capitalize(), "on", Numbers.day), (kpi.label, "value", Numbers.share), *COUNTED]
    tables = [table(f"{kpi.label} by {grain}", columns, days, numbers)]
    if figures.outages:
        tables.append(table("Outage days", OUTAGES, figures.outages, numbers))
    return [
        section(
            title,
            subtitle,
            legend=[
                (BLUE, f"a {grain}"),
                *([(FADED, f"a {grain} with few attempts")] if has_small else []),
                *([(INCIDENT_SHADE, "an incident that nobody logged")] if incidents else []),
            ],
            charts=[chart("daily-figure", partial(daily_chart, *drawn, figures.incidents, numbers))],
            notes=[text for text in (_outage_note(figures, numbers), _days_note(days, kpi, figures)) if text],
            numbered=[f"{change.label} ({numbers.day(change.changed_on)})" for change in inside],
            tables=tables,
        )
    ]


def _title(kpi: Row, numbers: Numbers) -> str:
    """The later half of the period against the earlier one, and whether their intervals overlap."""
    if kpi.trend is None:
        return f"{kpi.label} per day: {numbers.share(kpi.value)} over the whole period"
    earlier, later = numbers.share(kpi.earlier_value), numbers.share(kpi.later_value)
    if kpi.trend == "overlap":
        return f"{kpi.label} went from {earlier} to {later} between the halves of the period; their intervals overlap"
    return f"{kpi.label} {kpi.trend} from {earlier} in the earlier half to {later} in the later half"


def _days_note(days: Sequence[Row], kpi: Row, figures: Figures) -> str:
    """What the dots of the days leave out."""
    shown, grain = [day for day in days if day.value is not None], days[0].grain
    small, empty = sum(day.is_small for day in shown), len(days) - len(shown)
    above = sum(day.value * 100 > axis_end(days, kpi) for day in shown)
    parts = []
    if small:
        cell = figures.shop.small_cell
        parts.append(f"{small} of {len(days)} {grain}s have fewer than {cell} matured attempts (grey).")
    if above:
        parts.append(f"{above} of these {plural(above, 'lies', 'lie')} above the axis.")
    if empty:
        parts.append(f"{empty} {plural(empty, grain)} {plural(empty, 'has', 'have')} no matured attempt (no dot).")
    return " ".join(parts)


def _outage_note(figures: Figures, numbers: Numbers) -> str:
    """Which days are shaded, and why."""
    if not figures.outages:
        return "No outage day was found."
    days = [f"{numbers.day(row.on)} ({row.outage})" for row in figures.outages]
    return f"Shaded, outage days: {listed(days)}. Tracking outages are left out of rates, both kinds from changes."
