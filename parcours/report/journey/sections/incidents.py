"""Incidents that nobody logged: what fell, for whom, on which days, and what else was seen then."""

from __future__ import annotations

from functools import partial

from parcours.numbers import NOTHING, Numbers
from parcours.report.drawing import chart
from parcours.report.figures import Figures, Row
from parcours.report.incident_words import also_seen, cost, place, size, when
from parcours.report.journey.dots import Dot, DotPanel, dots
from parcours.report.section import Column, Section, Table, table
from parcours.tables.segment_words import dimension_words, value_words
from parcours.words import joined, later, say, say_number, told

PLACE = 33
SOURCES = ("metrics.incidents", "metrics.incident_notices", "metrics.step_days")
SHOWN = 12
COUNTS: tuple[Column, ...] = (
    (later("Step"), "step_label", lambda _, step: told(step)),
    (later("Dimension"), "dimension", lambda _, dimension: dimension_words(dimension)),
    (later("Value"), "dimension value", lambda _, *segment: value_words(*segment)),
    (later("From"), "began_on", Numbers.day),
    (later("Until"), "ended_on", Numbers.day),
    (later("Entered"), "entered_count", Numbers.count),
    (later("Went on"), "went_on_count", Numbers.count),
    (later("Expected"), "expected_count", Numbers.decimal),
    (later("Failed payments"), "payment_failure_count", Numbers.count),
    (later("usual"), "usual_payment_failure_count", Numbers.decimal),
    (later("Errors"), "error_count", Numbers.count),
    (later("usual"), "usual_error_count", Numbers.decimal),
)
SUBTITLE = later(
    "Falls of a step over 2 to 60 days, for everybody or one segment, that are more than the figure\u2019s own ups and "
    "downs. Expected is what the days around them make expect. What else was seen on these days need not be the cause."
)


def sections(figures: Figures, numbers: Numbers) -> list[Section]:
    """One section: the incident that cost most in its title."""
    section = partial(Section, "incidents", say("Incidents"), sources=SOURCES)
    found, alarms = figures.incidents, figures.open_alarms
    if not found and not alarms:
        nothing = say("No step fell further, and for longer, than its own ups and downs explain.")
        return [section(say("No incident that nobody logged was found"), "", empty=nothing)]
    notes = [_alarm(alarm, numbers) for alarm in alarms]
    if not found:
        return [section(_alarm_title(alarms[0], numbers), say(SUBTITLE), notes=notes)]
    shown = found[:SHOWN]
    if len(found) > SHOWN:
        count = numbers.count(len(found))
        notes.append(say("The latest {shown} of {count} are drawn; the table has all.", shown=SHOWN, count=count))
    panel = DotPanel(
        [_dot(incident, numbers) for incident in shown],
        say("went on, relative to expected, in percent; 95\u00a0% interval"),
        is_difference=True,
    )
    return [
        section(
            _title(found, numbers),
            say(SUBTITLE),
            charts=[chart("incident-sizes", partial(dots, [panel], numbers))],
            notes=notes,
            shown=[_what_was_lost(shown, numbers)],
            tables=[table(say("Incidents in numbers"), COUNTS, found, numbers)],
        )
    ]


def _title(found: list[Row], numbers: Numbers) -> str:
    worst = max(found, key=lambda incident: (incident.lost_revenue or 0, incident.lost_count))
    fell = say(
        "{place} fell {size}, {when}: {cost}",
        place=place(worst),
        size=size(worst, numbers),
        when=when(worst, numbers),
        cost=cost(worst, numbers),
    )
    others = len(found) - 1
    if not others:
        return fell
    more = say_number("{count} more incident", "{count} more incidents", others, count=numbers.count(others))
    return joined([fell, more])


def _alarm_title(alarm: Row, numbers: Numbers) -> str:
    return say(
        "{place} fell {size}, {period}: an alarm is open",
        place=place(alarm),
        size=size(alarm, numbers),
        period=numbers.period(alarm.began_on, alarm.ended_on),
    )


def _alarm(alarm: Row, numbers: Numbers) -> str:
    fell = say(
        "Alarm of {day}: {place} fell {size}, {period}: {cost}.",
        day=numbers.day(alarm.night),
        place=place(alarm),
        size=size(alarm, numbers),
        period=numbers.period(alarm.began_on, alarm.ended_on),
        cost=cost(alarm, numbers),
    )
    return fell + " " + say("Logged: {changes}.", changes=alarm.changes) if alarm.changes else fell


def _dot(incident: Row, numbers: Numbers) -> Dot:
    interval = say(
        "95\u00a0% {low} to {high}", low=numbers.relative(incident.size_low), high=numbers.relative(incident.size_high)
    )
    return Dot(
        place(incident),
        f"{when(incident, numbers)} · {interval}",
        incident.relative_size,
        incident.size_low,
        incident.size_high,
        "worsened",
        numbers.relative(incident.relative_size),
    )


def _what_was_lost(found: list[Row], numbers: Numbers) -> Table:
    lines = [
        [
            f"{place(incident)}, {when(incident, numbers)}",
            cost(incident, numbers),
            also_seen(incident, numbers) or NOTHING,
        ]
        for incident in found
    ]
    columns = [say("Incident"), say("Cost"), say("Also seen")]
    return Table(say("What was lost, and what else was seen"), columns, lines, texts=frozenset({1, 2}))
