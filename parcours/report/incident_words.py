"""An incident that nobody logged, in words: who fell where, what it cost, what else was seen."""

from __future__ import annotations

from collections.abc import Iterator

from parcours.numbers import Numbers, capital, plural
from parcours.report.figures import Row
from parcours.tables.segment_words import segment_words

UNUSUAL = 2
"""So many times the usual number of failed payments, or errors, is told."""
TOLD_FROM = 5
"""Fewer of them are not."""


def place(incident: Row) -> str:
    """The step, and for whom: “Cart → Checkout in a visit, device mobile”."""
    whom = segment_words(incident.dimension, incident.value)
    return incident.step_label if incident.dimension == "all" else f"{incident.step_label}, {whom}"


def when(incident: Row, numbers: Numbers) -> str:
    """Its days; of one that runs, since when."""
    if getattr(incident, "is_open", False):
        return f"since {numbers.day(incident.began_on)}"
    return numbers.period(incident.began_on, incident.ended_on)


def size(incident: Row, numbers: Numbers) -> str:
    """By how much it fell: by 43 %."""
    return f"by {numbers.share(-incident.relative_size, 0)}"


def cost(incident: Row, numbers: Numbers) -> str:
    """Units lost, and what they would have been worth."""
    lost = f"{numbers.count(incident.lost_count)} fewer went on than expected"
    return lost if incident.lost_revenue is None else f"{lost}, {numbers.short_money(incident.lost_revenue)} of revenue"


def also_seen(incident: Row, numbers: Numbers) -> str:
    """What else was seen on its days, as sentences; empty if nothing was."""
    return " ".join(f"{capital(text)}." for text in _seen(incident, numbers))


def _seen(incident: Row, numbers: Numbers) -> Iterator[str]:
    for count, usual, one in (
        (incident.payment_failure_count, incident.usual_payment_failure_count, "failed payment"),
        (incident.error_count, incident.usual_error_count, "error"),
    ):
        if count >= TOLD_FROM and count >= UNUSUAL * (usual or 0):
            usually = "" if usual is None else f" (usual {numbers.decimal(usual, 0 if usual >= 10 else 1)})"
            yield f"{numbers.count(count)} {plural(count, one)}{usually}"
    if incident.payment_outage_count:
        days = incident.payment_outage_count
        yield f"a payment outage on {numbers.count(days)} of its {plural(days, 'days', 'days')}"
    if incident.changes:
        yield f"logged: {incident.changes}"
    if incident.vanished_events:
        yield f"gone: {incident.vanished_events}"
    if incident.appeared_events:
        yield f"new: {incident.appeared_events}"
    if incident.also_fell:
        yield f"also fell: {incident.also_fell}"
