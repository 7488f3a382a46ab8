"""What changed since the last report: the matured values that moved, and by what."""

from __future__ import annotations

from functools import partial

from parcours.numbers import Numbers
from parcours.report.figures import Figures, Row
from parcours.report.section import Column, Section, table
from parcours.words import later, say, say_number, told

PLACE = 75
SHOWN = 200
"""Moved values behind the click; a setting or other SQL moves thousands."""
CAUSES: tuple[Column, ...] = (
    (later("Cause"), "cause", lambda _, cause: told(cause)),
    (later("Values"), "value_count", Numbers.count),
    (later("Days"), "day_count", Numbers.count),
    (later("From"), "first_on", Numbers.day),
    (later("To"), "last_on", Numbers.day),
)
VALUES: tuple[Column, ...] = (
    (later("Day"), "happened_on", Numbers.day),
    (later("Figure"), "label", Numbers.text),
    (later("Before"), "value_before unit", Numbers.value),
    (later("Now"), "value_now unit", Numbers.value),
    (later("Cause"), "cause", lambda _, cause: told(cause)),
    (later("Attempts"), "attempt_count", Numbers.count),
    (later("Numerator"), "numerator_change", partial(Numbers.signed, digits=0)),
    (later("Denominator"), "denominator_change", partial(Numbers.signed, digits=0)),
)


def sections(figures: Figures, numbers: Numbers) -> list[Section]:
    """One section, also where nothing moved."""
    before = next(iter(figures.report_before), None)
    section = partial(
        Section, "restated", say("Since the last report"), sources=("metrics.restatements", "metrics.report_before")
    )
    if before is None or not before.is_compared:
        return [
            section(
                say("Since the last report: nothing to compare with"),
                "",
                empty=say("There is no earlier report of this version: the next one tells what moved since this one."),
            )
        ]
    values = figures.restatements
    shown, behind = [], []
    if values:
        shown = [table(say("By cause"), CAUSES, figures.restated_causes, numbers)]
        behind = [table(say("Values that moved"), VALUES, values[:SHOWN], numbers)]
    rest = len(values) - SHOWN
    more = say_number(
        "{count} more row is in metrics.restatements.",
        "{count} more rows are in metrics.restatements.",
        rest,
        count=numbers.count(rest),
    )
    return [
        section(
            values_moved(before, figures, numbers),
            _about(before, numbers),
            shown=shown,
            tables=behind,
            notes=[more] if rest > 0 else [],
        )
    ]


def values_moved(before: Row, figures: Figures, numbers: Numbers) -> str:
    """How many matured values moved since the last report, and by what."""
    count = before.restated_count
    if not count:
        return say("No figure of a day that is over moved since the last report")
    causes = [told(row.cause) for row in figures.restated_causes]
    if len(causes) == 1:
        return say_number(
            "{count} value of matured days moved since the last report, by {cause}",
            "{count} values of matured days moved since the last report, by {cause}",
            count,
            count=numbers.count(count),
            cause=causes[0],
        )
    return say_number(
        "{count} value of matured days moved since the last report, most by {cause}",
        "{count} values of matured days moved since the last report, most by {cause}",
        count,
        count=numbers.count(count),
        cause=causes[0],
    )


def _about(before: Row, numbers: Numbers) -> str:
    compared = say_number(
        "Compared with the last report, whose data reached until {day}: of each figure the days whose attempts were "
        "all over in it ({count} value).",
        "Compared with the last report, whose data reached until {day}: of each figure the days whose attempts were "
        "all over in it ({count} values).",
        before.matured_count,
        day=numbers.day(before.reached_on),
        count=numbers.count(before.matured_count),
    )
    arrived = say_number(
        "Since then {count} file arrived.",
        "Since then {count} files arrived.",
        before.arrived_file_count,
        count=numbers.count(before.arrived_file_count),
    )
    causes = say(
        "Each attempt that moved has one cause, so the causes of a value add up to its move. A matured value moves "
        "only for a reason that is named here."
    )
    return f"{compared} {arrived} {causes}"
