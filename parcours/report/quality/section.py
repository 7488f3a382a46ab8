"""What a section of the quality page adds to a section: what to fix, what holds, and the words they share."""

from __future__ import annotations

from dataclasses import dataclass

from parcours.report.numbers import NBSP, Numbers
from parcours.report.section import Section
from parcours.report.wording import Sentence

SHOWN_ROWS = 12
"""Rows of an open table; the rest is counted below it."""


@dataclass(frozen=True)
class Checked:
    """A section with, for the summary, what to fix (none: nothing) and what holds (empty: nothing to say)."""

    section: Section
    fixes: tuple[Sentence, ...] = ()
    holds: str = ""


@dataclass(frozen=True)
class Mark:
    """A headline of the page: a share and the counts behind it; `empty` says why there is none."""

    name: str
    value: str = ""
    counted: str = ""
    empty: str = ""


def many(count: int, one: str, numbers: Numbers, more: str = "") -> str:
    """A count with its noun: 1 order, 1,234 orders. `more` where an s is not the plural."""
    return f"{numbers.count(count)}{NBSP}{one if count == 1 else more or one + 's'}"


def verb(count: int, one: str, more: str) -> str:
    """The verb that goes with a count: has, have."""
    return one if count == 1 else more


def not_quite(share: float | None, numbers: Numbers) -> str:
    """A share with as many digits as it takes not to look like all, where it is not: 99.97 %."""
    if share is None or share >= 1 or round(share, 3) < 1:
        return numbers.share(share)
    digits = next((digits for digits in (2, 3, 4) if round(share, digits + 2) < 1), None)
    return f">{NBSP}{numbers.share(0.9999, 2)}" if digits is None else numbers.share(share, digits)


def rest_note(shown: int, total: int, what: str, table: str, numbers: Numbers) -> list[str]:
    """Where the rows are that a table leaves out; nothing where it leaves out none."""
    return [f"{numbers.count(total - shown)} more {what} in {table}."] if total > shown else []
