"""The record of a run: what it was, and the file that holds one line for each, `runs.jsonl`.

Here: the shape of a record, reading records and writing one. Not here: what goes into it (`close.py`), its words
(`digest.py`), nor who is told (`tell.py`).
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter, ValidationError

from parcours.project import Project
from parcours.whole_file import PRIVATE, write_whole

Outcome = Literal["report", "nothing new", "alarm"]
By = Literal["night", "UI", "command line"]
Rows = Literal["read", "loaded", "duplicate", "rejected"]
Ways = Literal["e-mail", "webhook"]
KEPT = 1000
"""Records in the file: more than two years of nights. Older ones are dropped."""


@dataclass(frozen=True)
class FileRows:
    """What became of a file that was new in a run."""

    path: str
    export: str
    status: str
    reason: str | None
    rows_read: int
    rows_loaded: int
    rows_duplicate: int
    rows_rejected: int


@dataclass(frozen=True)
class Warned:
    """A check that warns: its table, its name, how many of what it finds, and what to do."""

    table: str
    check: str
    count: int
    finding: str
    to_do: str


@dataclass(frozen=True)
class Kpi:
    """A headline figure; `before` is its value in the record before."""

    kpi: str
    label: str
    value: float | None
    before: float | None
    numerator: int | None
    denominator: int | None


@dataclass(frozen=True)
class Restated:
    """By what values of matured days moved since the report before: how many, and of which days."""

    cause: str
    values: int
    first_on: date
    last_on: date


@dataclass(frozen=True)
class OpenTrouble:
    """A trouble that is not over: since when, and when somebody was last told of it (nobody yet: None)."""

    id: str
    title: str
    cause: str
    to_do: str
    since: datetime
    is_check: bool = False
    told: datetime | None = None


@dataclass(frozen=True)
class IncidentNotice:
    """What a night told of an alarm of an incident that nobody logged: open, worse or over.

    Attributes:
        alarm: which alarm it is.
        night: last shop day that was known of the step.
        word: open, worse or over.
        place: the step, and for whom.
        began_on, ended_on: the days that stand out most.
        relative_size: went on relative to expected, below 0.
        entered_count, went_on_count, expected_count: attempts on these days.
        changes: labels of changes that were logged on them; None: none.
    """

    alarm: str
    night: date
    word: Literal["open", "worse", "over"]
    place: str
    began_on: date
    ended_on: date
    relative_size: float
    entered_count: int
    went_on_count: int
    expected_count: float
    changes: str | None


@dataclass(frozen=True)
class Message:
    """What somebody is told: an alarm and what follows it belong to a trouble, a digest to none."""

    kind: Literal["alarm", "reminder", "over", "digest"]
    subject: str
    text: str
    html: str
    trouble: str | None = None


@dataclass(frozen=True)
class Undelivered:
    """A message that could not be handed over: by which way, why, and since when. The next run tries again."""

    way: Ways
    message: Message
    why: str
    since: datetime


@dataclass(frozen=True)
class RunRecord:
    """One run. Instants are UTC.

    Attributes:
        run_id: Dagster's, else one of our own.
        files: those that were new in this run, or refused again.
        load_number, refresh_number: how far loading and refreshing had come, to tell the next run's from this one's.
        warns: the checks that warn now; `warns_newly` those of them that did not before, `warns_no_more` the others.
        troubles: what is open after this run; `over` what was open before it.
        incidents: what the last nights told of incidents that nobody logged; `incidents_newly` those of them that no
            record before had.
        verdicts: what is said of changes since the data of the run before, in sentences.
        data_until: how far the published data reach.
        restated: what of the report before is another in this run's; of a run without a report nothing.
        report: where the report is; None: there is none.
        nights_missed: nights without any record between the last run and this one.
        undelivered: what could not be handed over yet.
    """

    run_id: str
    by: By
    started: datetime
    ended: datetime
    outcome: Outcome
    files: tuple[FileRows, ...] = ()
    load_number: int = 0
    tables_refreshed: tuple[str, ...] = ()
    refresh_number: int = 0
    warns: tuple[Warned, ...] = ()
    warns_newly: tuple[Warned, ...] = ()
    warns_no_more: tuple[Warned, ...] = ()
    kpis: tuple[Kpi, ...] = ()
    incidents: tuple[IncidentNotice, ...] = ()
    incidents_newly: tuple[IncidentNotice, ...] = ()
    verdicts: tuple[str, ...] = ()
    data_until: datetime | None = None
    restated: tuple[Restated, ...] = ()
    troubles: tuple[OpenTrouble, ...] = ()
    over: tuple[OpenTrouble, ...] = ()
    report: str | None = None
    nights_missed: int = 0
    undelivered: tuple[Undelivered, ...] = ()

    def rows(self, what: Rows) -> int:
        """The rows of all files of the run."""
        return sum(getattr(file, f"rows_{what}") for file in self.files)


@cache
def _adapter() -> TypeAdapter[RunRecord]:
    return TypeAdapter(RunRecord)


def records_file(project: Project) -> Path:
    """One line for each run, the last one last."""
    return project.output / "runs.jsonl"


def record_lines(project: Project) -> list[str]:
    """The lines of the records, as they stand. Other signs that end a line of text may stand within a name."""
    try:
        return records_file(project).read_text(encoding="utf-8").split("\n")
    except FileNotFoundError:
        return []


def read_records(project: Project) -> list[RunRecord]:
    """All records, oldest first. A line that is no record (of another version, cut by a power cut) is left out."""
    found = []
    for line in record_lines(project):
        try:
            found.append(_adapter().validate_json(line))
        except ValidationError:
            continue
    return found


def write_record(project: Project, record: RunRecord) -> None:
    """Write a record, in place of the one of the same run if there is one: all or nothing."""
    records = [other for other in read_records(project) if other.run_id != record.run_id]
    replaced = [*records, record]
    text = "".join(_adapter().dump_json(one).decode() + "\n" for one in replaced[-KEPT:])
    write_whole(records_file(project), text, PRIVATE)


@contextmanager
def records_lock(project: Project) -> Iterator[None]:
    """One writer of records at a time: a run, or a sensor that looks after those that died."""
    project.output.mkdir(parents=True, exist_ok=True)
    folder = os.open(project.output, os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)
