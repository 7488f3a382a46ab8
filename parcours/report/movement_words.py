"""How the parts of a movement are written: figures of each kind, what of the change is due to it, what explains it."""

from __future__ import annotations

import re

from parcours.numbers import NOTHING, Numbers
from parcours.report.figures import Row
from parcours.tables.segment_words import spaced
from parcours.words import say, told


def factor(part: str, value: float | None, numbers: Numbers) -> str:
    """A part's own figure: a count of days or visits, a rate, what an order is worth."""
    if value is None:
        return NOTHING
    if part in ("value", "other value"):
        return numbers.money(value, 2)
    if part.startswith("step:"):
        return numbers.share(value)
    if part == "days":
        return numbers.count(value)
    return numbers.decimal(value, 2 if part == "orders" else 1)


def contribution(measure: str, value: float, numbers: Numbers) -> str:
    """What of the measure's change is due to a part, with its sign."""
    return numbers.money(value, sign=True) if measure == "revenue" else numbers.signed(round(value, 1), 1)


def whole(measure: str, before: float | None, after: float | None, numbers: Numbers) -> str:
    """The measure in both periods, and its change: 111 → 152 (+37 %)."""

    def written(value: float | None) -> str:
        return numbers.money(value) if measure == "revenue" else numbers.count(value)

    change = f" ({numbers.relative(after / before - 1)})" if before and after is not None and before > 0 else ""
    return f"{written(before)} → {written(after)}{change}"


def segments(row: Row) -> str:
    """The segment that explains a part, value by value, as `named` of tables/movements.py joins them."""
    dimensions = "|".join(re.escape(spaced(dimension)) for dimension in row.dimensions or ())
    first, *others = re.split(rf" (and|or) (?=(?:{dimensions}) |\w+ visitors)", row.segment)
    said = told(first)
    for joint, other in zip(others[::2], others[1::2], strict=True):
        if joint == "and":
            said = say("{segments} and {other}", segments=said, other=told(other))
        else:
            said = say("{segments} or {other}", segments=said, other=told(other))
    return said
