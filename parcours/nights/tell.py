"""Who is told what: one message for each trouble, a reminder, one when it is over, and a digest a night.

Here: which messages a record calls for, and what becomes of them. Not here: their words (`digest.py`), nor handing them
over (`ways.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from parcours.nights.digest import alarm_message, digest_message, over_message
from parcours.nights.record import Message, RunRecord, Undelivered, Ways
from parcours.nights.ways import NotDelivered, Way, ways_of
from parcours.project import Project

KEPT_UNDELIVERED = 20
"""The latest messages that wait for a way that works; a mail server that is gone for a year makes no heap."""


def tell(project: Project, record: RunRecord) -> RunRecord:
    """Send what a record calls for, and what earlier runs could not send; returns the record with what came of it."""
    ways = ways_of(project)
    if not ways:
        return replace(record, undelivered=())
    undelivered = [one for one in record.undelivered if not _tried(ways, one)]
    for message in messages(project, record):
        for name, way in ways.items():
            try:
                way(message)
            except NotDelivered as failure:
                undelivered.append(Undelivered(name, message, str(failure), record.ended))
    told = {trouble.id for trouble in record.troubles if _is_due(project, record, trouble.id)}
    return replace(
        record,
        troubles=tuple(replace(t, told=record.ended) if t.id in told else t for t in record.troubles),
        undelivered=tuple(undelivered[-KEPT_UNDELIVERED:]),
    )


def messages(project: Project, record: RunRecord) -> Iterator[Message]:
    """The messages that a record calls for, the alarms first."""
    for trouble in record.troubles:
        if _is_due(project, record, trouble.id):
            yield alarm_message(project, record, trouble)
    for trouble in record.over:
        if trouble.told:
            yield over_message(project, record, trouble)
    if record.by == "night" and record.outcome in project.settings.nights.digests:
        yield digest_message(project, record)


def _is_due(project: Project, record: RunRecord, trouble_id: str) -> bool:
    """Whether a trouble was never told, or so long ago that a reminder is due."""
    told = next(trouble.told for trouble in record.troubles if trouble.id == trouble_id)
    return told is None or record.ended - told >= timedelta(days=project.settings.nights.remind_after_days)


def _tried(ways: dict[Ways, Way], waiting: Undelivered) -> bool:
    """Whether a message that waits is off the list: delivered now, or its way is no longer wanted."""
    if waiting.way not in ways:
        return True
    try:
        ways[waiting.way](waiting.message)
    except NotDelivered:
        return False
    return True
