"""An incident that nobody logged, in words: who fell where, what it cost, what else was seen."""

from __future__ import annotations

from collections.abc import Iterator

from parcours.numbers import Numbers, capital
from parcours.report.figures import Row
from parcours.tables.segment_words import segment_words
from parcours.words import say, say_number, told

UNUSUAL = 2
"""So many times the usual number of failed payments, or errors, is told."""
TOLD_FROM = 5
"""Fewer of them are not."""


def place(incident: Row) -> str:
    """The step, and for whom: “Cart → Checkout in a visit, device mobile”."""
    step = told(incident.step_label)
    return step if incident.dimension == "all" else f"{step}, {segment_words(incident.dimension, incident.value)}"


def when(incident: Row, numbers: Numbers) -> str:
    """Its days; of one that runs, since when."""
    if getattr(incident, "is_open", False):
        return say("since {day}", day=numbers.day(incident.began_on))
    return numbers.period(incident.began_on, incident.ended_on)


def size(incident: Row, numbers: Numbers) -> str:
    """By how much it fell: by 43 %."""
    return say("by {share}", share=numbers.share(-incident.relative_size, 0))


def cost(incident: Row, numbers: Numbers) -> str:
    """Units lost, and what they would have been worth."""
    lost, count = round(incident.lost_count), numbers.count(incident.lost_count)
    if incident.lost_revenue is None:
        return say_number(
            "{count} fewer went on than expected", "{count} fewer went on than expected", lost, count=count
        )
    return say_number(
        "{count} fewer went on than expected, {revenue} of revenue",
        "{count} fewer went on than expected, {revenue} of revenue",
        lost,
        count=count,
        revenue=numbers.short_money(incident.lost_revenue),
    )


def also_seen(incident: Row, numbers: Numbers) -> str:
    """What else was seen on its days, as sentences; empty if nothing was."""
    return " ".join(f"{capital(text)}." for text in _seen(incident, numbers))


def _seen(incident: Row, numbers: Numbers) -> Iterator[str]:
    failures, usual_failures = incident.payment_failure_count, incident.usual_payment_failure_count
    if _is_unusual(failures, usual_failures):
        yield _failures(failures, usual_failures, numbers)
    errors, usual_errors = incident.error_count, incident.usual_error_count
    if _is_unusual(errors, usual_errors):
        yield _errors(errors, usual_errors, numbers)
    if incident.payment_outage_count:
        yield say("a payment outage on {count} of its days", count=numbers.count(incident.payment_outage_count))
    if incident.changes:
        yield say("logged: {changes}", changes=incident.changes)
    if incident.vanished_events:
        yield say("gone: {events}", events=incident.vanished_events)
    if incident.appeared_events:
        yield say("new: {events}", events=incident.appeared_events)
    if incident.also_fell:
        yield say("also fell: {steps}", steps=", ".join(map(told, incident.also_fell.split(", "))))


def _is_unusual(count: int, usual: float | None) -> bool:
    return count >= TOLD_FROM and count >= UNUSUAL * (usual or 0)


def _failures(count: int, usual: float | None, numbers: Numbers) -> str:
    written = numbers.count(count)
    if usual is None:
        return say_number("{count} failed payment", "{count} failed payments", count, count=written)
    return say_number(
        "{count} failed payment (usual {usual})",
        "{count} failed payments (usual {usual})",
        count,
        count=written,
        usual=_usual(usual, numbers),
    )


def _errors(count: int, usual: float | None, numbers: Numbers) -> str:
    written = numbers.count(count)
    if usual is None:
        return say_number("{count} error", "{count} errors", count, count=written)
    return say_number(
        "{count} error (usual {usual})",
        "{count} errors (usual {usual})",
        count,
        count=written,
        usual=_usual(usual, numbers),
    )


def _usual(usual: float, numbers: Numbers) -> str:
    return numbers.decimal(usual, 0 if usual >= 10 else 1)
