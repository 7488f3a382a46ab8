"""When nights are due, and whether one has not come.

Not here: recording and telling it (`close.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from parcours.nights.record import RunRecord
from parcours.project import Project
from parcours.troubles import Trouble

LATE = "late night"
"""The id of the trouble that no run came."""


def night_before(project: Project, instant: datetime) -> datetime:
    """The last instant, up to this one, at which a nightly run is due."""
    zone = ZoneInfo(project.settings.shop.time_zone)
    local = instant.astimezone(zone)
    due = local.replace(hour=project.settings.nights.hour, minute=0, second=0, microsecond=0)
    if due > local:
        due = (due - timedelta(days=1)).replace(hour=project.settings.nights.hour)
    return due


def night_after(project: Project, instant: datetime) -> datetime:
    """The next instant, after this one, at which a nightly run is due."""
    return night_before(project, instant) + timedelta(days=1)


def nights_missed(project: Project, records: Sequence[RunRecord], run: RunRecord) -> int:
    """Nights since the last record in which nothing ran, in a shop that has nights."""
    if not any(record.by == "night" for record in records):
        return 0
    days = (night_before(project, run.started) - night_before(project, records[-1].started)).days
    return max(0, days - 1)


def late_trouble(project: Project, records: Sequence[RunRecord], now: datetime) -> Trouble | None:
    """That the night's run has not come, once the hour and its tolerance are over; None where all is well.

    Only a shop that had a night before is waited for: nobody is alarmed of what was never set up.
    """
    nights = project.settings.nights
    due = night_before(project, now)
    if not any(record.by == "night" for record in records) or records[-1].ended >= due:
        return None
    if now - due < timedelta(hours=nights.late_after_hours):
        return None
    return Trouble(
        LATE,
        "The night's run has not come",
        # Days as every language reads them: the head of a page says this in the shop's.
        f"It was due at {due:%Y-%m-%d %H:%M} of the shop's day; the last run ended at "
        f"{records[-1].ended.astimezone(due.tzinfo):%Y-%m-%d %H:%M}.",
        "See that Dagster, or the timer, is running (docs/nights.md); `parcours run` catches up.",
    )
