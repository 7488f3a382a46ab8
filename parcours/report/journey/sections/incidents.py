"""Incidents that nobody logged: what fell, for whom, on which days, and what else was seen then."""

from __future__ import annotations

from functools import partial

from parcours.numbers import NBSP, NOTHING, Numbers, plural
from parcours.report.drawing import chart
from parcours.report.figures import Figures, Row
from parcours.report.incident_words import also_seen, cost, place, size, when
from parcours.report.journey.dots import Dot, DotPanel, dots
from parcours.report.section import Column, Section, Table, table

PLACE = 33
SOURCES = ("metrics.incidents", "metrics.incident_notices", "metrics.step_days")
SHOWN = 12
COUNTS: tuple[Column, ...] = (
    ("Step", "step_label", Numbers.text),
    ("Dimension", "dimension", Numbers.text),
    ("Value", "value", Numbers.text),
    ("From", "began_on", Numbers.day),
    ("Until", "ended_on", Numbers.day),
    ("Entered", "entered_count", Numbers.count),
    ("Went on", "went_on_count", Numbers.count),
    ("Expected", "expected_count", Numbers.decimal),
    ("Failed payments", "payment_failure_count", Numbers.count),
    ("usual", "usual_payment_failure_count", Numbers.decimal),
    ("Errors", "error_count", Numbers.count),
    ("usual", "usual_error_count", Numbers.decimal),
)
SUBTITLE = (
    "Falls of a step over 2 to 60 days, for everybody or one segment, that are more than the figure\u2019s own ups and "
    "downs. Expected is what the days around them make expect. What else was seen on these days need not be the cause."
)


def sections(figures: Figures, numbers: Numbers) -> list[Section]:
    """One section: the incident that cost most in its title."""
    section = partial(Section, "incidents", "Incidents", sources=SOURCES)
    found, alarms = figures.incidents, figures.open_alarms
    if not found and not alarms:
        nothing = "No step fell further, and for longer, than its own ups and downs explain."
        return [section("No incident that nobody logged was found", "", empty=nothing)]
    notes = [
        f"Alarm of {numbers.day(alarm.night)}: {place(alarm)} fell {size(alarm, numbers)}, "
        f"{numbers.period(alarm.began_on, alarm.ended_on)}: {cost(alarm, numbers)}."
        + (f" Logged: {alarm.changes}." if alarm.changes else "")
        for alarm in alarms
    ]
    if not found:
        return [section(_alarm_title(alarms[0], numbers), SUBTITLE, notes=notes)]
    shown = found[:SHOWN]
    if len(found) > SHOWN:
        notes.append(f"The latest {SHOWN} of {numbers.count(len(found))} are drawn; the table has all.")
    panel = DotPanel(
        [_dot(incident, numbers) for incident in shown],
        "went on, relative to expected, in percent; 95\u00a0% interval",
        is_difference=True,
    )
    return [
        section(
            _title(found, numbers),
            SUBTITLE,
            charts=[chart("incident-sizes", partial(dots, [panel], numbers))],
            notes=notes,
            shown=[_told(shown, numbers)],
            tables=[table("Incidents in numbers", COUNTS, found, numbers)],
        )
    ]


def _title(found: list[Row], numbers: Numbers) -> str:
    worst = max(found, key=lambda incident: (incident.lost_revenue or 0, incident.lost_count))
    others = len(found) - 1
    more = f"; {numbers.count(others)} more {plural(others, 'incident')}" if others else ""
    days = when(worst, numbers)
    return f"{place(worst)} fell {size(worst, numbers)}, {days}: {cost(worst, numbers)}{more}"


def _alarm_title(alarm: Row, numbers: Numbers) -> str:
    days = numbers.period(alarm.began_on, alarm.ended_on)
    return f"{place(alarm)} fell {size(alarm, numbers)}, {days}: an alarm is open"


def _dot(incident: Row, numbers: Numbers) -> Dot:
    interval = f"95{NBSP}% {numbers.relative(incident.size_low)} to {numbers.relative(incident.size_high)}"
    return Dot(
        place(incident),
        f"{when(incident, numbers)} · {interval}",
        incident.relative_size,
        incident.size_low,
        incident.size_high,
        "worsened",
        numbers.relative(incident.relative_size),
    )


def _told(found: list[Row], numbers: Numbers) -> Table:
    lines = [
        [
            f"{place(incident)}, {when(incident, numbers)}",
            cost(incident, numbers),
            also_seen(incident, numbers) or NOTHING,
        ]
        for incident in found
    ]
    columns = ["Incident", "Cost", "Also seen"]
    return Table("What was lost, and what else was seen", columns, lines, texts=frozenset({1, 2}))
