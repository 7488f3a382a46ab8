"""The state of a shop in ten lines: what the last run said, what is open, what comes next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from parcours.nights.digest import ROWS
from parcours.nights.late import late_trouble, night_after
from parcours.nights.record import RunRecord, read_records
from parcours.numbers import Numbers, some
from parcours.project import Project
from parcours.troubles import Trouble


@dataclass(frozen=True)
class Status:
    """What is known of a shop's runs; `last` is None before the first."""

    project: Project
    last: RunRecord | None
    late: Trouble | None
    next_night: datetime
    now: datetime

    @property
    def is_well(self) -> bool:
        """Whether no trouble is open and no night is late."""
        return self.late is None and not (self.last and (self.last.troubles or self.last.outcome == "alarm"))

    @property
    def troubles(self) -> Sequence[str]:
        """The titles of what is open."""
        late = [self.late.title] if self.late else []
        return [*late, *(trouble.title for trouble in (self.last.troubles if self.last else ()))]

    def lines(self) -> list[str]:
        """Ten lines for a person."""
        shop = self.project.settings.shop
        numbers, zone, last = Numbers(shop.language, shop.currency), ZoneInfo(shop.time_zone), self.last

        def at(instant: datetime | None) -> str:
            return numbers.instant(instant.astimezone(zone)) if instant else "–"

        seconds = (last.ended - last.started).total_seconds() if last else 0
        counts = [f"{numbers.count(last.rows(what))} {what}" for what in ROWS] if last else []
        new = (
            f"{', '.join(counts)}, of {numbers.count(len(last.files))} new files"
            if last and last.files
            else "no new files"
        )
        age = f" ({numbers.days((self.now - last.data_until).days)} ago)" if last and last.data_until else ""
        warns = [warned.finding for warned in last.warns] if last else []
        said = {
            "Shop": f"{shop.name}, {self.project.journey_file}",
            "Last run": f"{at(last.ended)} ({last.by}, {numbers.duration(seconds)})" if last else "none yet",
            "Outcome": last.outcome if last else "–",
            "Rows": new,
            "Open": "; ".join(self.troubles) or "no trouble",
            "Warns": f"{numbers.count(len(warns))}: {some(warns)}" if warns else "nothing",
            "Data until": at(last.data_until) + age if last else "–",
            "Next night": f"{at(self.next_night)} ({shop.time_zone})",
            "Report": (last.report if last else None) or "none yet",
            "Digest": str(self.project.report.with_name("digest.txt")) if last else "none yet",
        }
        return [f"{name:<11} {' '.join(text.split())}" for name, text in said.items()]

    def as_json(self) -> dict[str, Any]:
        """The same for a program."""
        from pydantic import TypeAdapter

        return {
            "shop": self.project.settings.shop.name,
            "is_well": self.is_well,
            "late": self.late.cause if self.late else None,
            "next_night": self.next_night.isoformat(),
            "last": TypeAdapter(RunRecord | None).dump_python(self.last, mode="json"),
        }


def status(project: Project, now: datetime | None = None) -> Status:
    """What is known of a shop's runs."""
    now = now or datetime.now(UTC)
    records = read_records(project)
    return Status(
        project,
        records[-1] if records else None,
        late_trouble(project, records, now),
        night_after(project, now),
        now,
    )
