"""What changed since the last report: the matured values that moved, and by what."""

from __future__ import annotations

from functools import partial

from parcours.numbers import Numbers, plural
from parcours.report.figures import Figures, Row
from parcours.report.section import Column, Section, table

PLACE = 75
SHOWN = 200
"""Moved values behind the click; a setting or other SQL moves thousands."""
CAUSES: tuple[Column, ...] = (
    ("Cause", "cause", Numbers.text),
    ("Values", "value_count", Numbers.count),
    ("Days", "day_count", Numbers.count),
    ("From", "first_on", Numbers.day),
    ("To", "last_on", Numbers.day),
)
VALUES: tuple[Column, ...] = (
    ("Day", "happened_on", Numbers.day),
    ("Figure", "label", Numbers.text),
    ("Before", "value_before unit", Numbers.value),
    ("Now", "value_now unit", Numbers.value),
    ("Cause", "cause", Numbers.text),
    ("Attempts", "attempt_count", Numbers.count),
    ("Numerator", "numerator_change", partial(Numbers.signed, digits=0)),
    ("Denominator", "denominator_change", partial(Numbers.signed, digits=0)),
)


def sections(figures: Figures, numbers: Numbers) -> list[Section]:
    """One section, also where nothing moved."""
    before = next(iter(figures.report_before), None)
    section = partial(
        Section, "restated", "Since the last report", sources=("metrics.restatements", "metrics.report_before")
    )
    if before is None or not before.is_compared:
        return [
            section(
                "Since the last report: nothing to compare with",
                "",
                empty="There is no earlier report of this version: the next one tells what moved since this one.",
            )
        ]
    values = figures.restatements
    shown, behind = [], []
    if values:
        shown = [table("By cause", CAUSES, figures.restated_causes, numbers)]
        behind = [table("Values that moved", VALUES, values[:SHOWN], numbers)]
    rest = len(values) - SHOWN
    more = [f"{numbers.count(rest)} more rows are in metrics.restatements."] if rest > 0 else []
    return [
        section(values_moved(before, figures, numbers), _about(before, numbers), shown=shown, tables=behind, notes=more)
    ]


def values_moved(before: Row, figures: Figures, numbers: Numbers) -> str:
    """How many matured values moved since the last report, and by what."""
    count = before.restated_count
    if not count:
        return "No value of a matured day moved since the last report"
    causes = [row.cause for row in figures.restated_causes]
    by = f"by {causes[0]}" if len(causes) == 1 else f"most by {causes[0]}"
    return f"{numbers.count(count)} {plural(count, 'value')} of matured days moved since the last report, {by}"


def _about(before: Row, numbers: Numbers) -> str:
    files = before.arrived_file_count
    return (
        f"Compared with the last report, whose data reached until {numbers.day(before.reached_on)}: of each figure the "
        f"days whose attempts were all over in it ({numbers.count(before.matured_count)} values). Since then "
        f"{numbers.count(files)} {plural(files, 'file')} arrived. Each attempt that moved has one cause, so the causes "
        "of a value add up to its move. A matured value moves only for a reason that is named here."
    )
