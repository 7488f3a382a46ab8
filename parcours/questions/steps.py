"""How a funnel's steps are said: names of events, and rules on what may lie between two steps."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import pandas as pd

from parcours.settings.funnel_rules import Between
from parcours.warehouse.connection import text_literal

Span = str | float | timedelta | None
"""A length of time: "7 days", "30 min", a timedelta, or seconds. None: any."""


class QuestionError(Exception):
    """A question that can't be answered. The text says what was found, what was expected and what to do."""


def refuse_unknown(what: str, asked: object, known: Iterable[object]) -> None:
    """Refuse a name that is not there.

    Raises:
        QuestionError: it is not among the known ones, which are named.
    """
    there = [*known]
    if asked not in there:
        raise QuestionError(f"No {what} {asked!r}. There are: {', '.join(map(str, there))}.")


@dataclass(frozen=True)
class Step:
    """One step: its events, and its rules; `step()` makes one."""

    events: tuple[str, ...]
    where: str | None = None
    label: str | None = None
    within_seconds: float | None = None
    at_least_seconds: float = 0
    without: tuple[str, ...] = ()
    is_optional: bool = False

    @property
    def name(self) -> str:
        """What the answer calls it."""
        return self.label or " or ".join(self.events) or str(self.where)

    @property
    def between(self) -> Between:
        """What it asks of what lies between the step before and it."""
        return Between(self.within_seconds, self.at_least_seconds, bool(self.without))

    @property
    def has_rules(self) -> bool:
        """Whether it asks anything."""
        return not self.between.is_anything

    def condition(self, event: str) -> str:
        """As SQL, over a row of the log: which rows are the step. `event` is its column of names."""
        named = [f"{event} in ({', '.join(map(text_literal, self.events))})"] if self.events else []
        return " and ".join([*named, *([f"({self.where})"] if self.where else [])])


def step(
    *events: str,
    where: str | None = None,
    label: str | None = None,
    within: Span = None,
    at_least: Span = None,
    without: str | Sequence[str] = (),
    optional: bool = False,
) -> Step:
    """A step of a funnel.

    Args:
        events: its event's name; several are alternatives, as a route that skips the cart.
        where: a condition in SQL over the columns of the log, as `"price > 10"`; of any event where none is named.
        label: what the answer calls it.
        within: the most time since the step before.
        at_least: the least time since the step before.
        without: events that may not come between the step before and this one.
        optional: counted beside the others; it is never asked for, and no window begins with it.

    Raises:
        QuestionError: neither events nor a condition, or rules that no row can keep.
    """
    if not events and not where:
        raise QuestionError("A step of nothing: name its event, or say which rows it is with where=.")
    found = Step(
        events,
        where,
        label,
        seconds(within, "within"),
        seconds(at_least, "at_least") or 0,
        (without,) if isinstance(without, str) else tuple(without),
        optional,
    )
    if found.within_seconds is not None and found.within_seconds < found.at_least_seconds:
        raise QuestionError(f"Step {found.name!r}: at_least is longer than within. No event can come then.")
    return found


def as_steps(said: Sequence[str | Sequence[str] | Step]) -> list[Step]:
    """Steps as a question says them: a name, several that are alternatives, or a `step`.

    Raises:
        QuestionError: none, or the first one has rules on what comes before it or is optional.
    """
    if isinstance(said, str):
        raise QuestionError(f'Steps: expected a list, found {said!r}. Write ["{said}", …].')
    steps = [one if isinstance(one, Step) else step(*([one] if isinstance(one, str) else one)) for one in said]
    if not steps:
        raise QuestionError("A funnel without steps: name the events in their order.")
    first = steps[0]
    if first.is_optional or first.has_rules:
        raise QuestionError(f"Step {first.name!r} is the entry: it is not optional, and nothing comes before it.")
    for one in steps:
        if one.is_optional and one.has_rules:
            raise QuestionError(
                f"Step {one.name!r} is optional and only counted: it takes no within, at_least, without."
            )
    return steps


def seconds(span: Span, name: str) -> float | None:
    """A length of time in seconds.

    Raises:
        QuestionError: it is none, or below zero.
    """
    if span is None:
        return None
    try:
        found = float(span) if isinstance(span, int | float) else pd.Timedelta(span).total_seconds()
    except ValueError:
        found = float("nan")
    if not 0 <= found < float("inf"):
        raise QuestionError(f'{name}: expected a length of time as "7 days", "30 min" or seconds, found {span!r}.')
    return found
