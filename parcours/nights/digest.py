"""The words of a run: its digest as text and as a small HTML mail, and the messages of a trouble.

Both forms are made of the same parts, so that they never say two things.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from parcours.nights.record import (
    FileRows,
    IncidentNotice,
    Kpi,
    Message,
    OpenTrouble,
    Restated,
    Rows,
    RunRecord,
    Warned,
)
from parcours.numbers import Numbers, capital, plural
from parcours.project import Project
from parcours.report.page import unturned
from parcours.whole_file import write_whole

SHOWN_FILES = 10
SHOWN_CHECKS = 10
INCIDENT_TO_DO = "→ Try these steps as those people would; the journey page says what else was seen on these days."
SHOWN_VERDICTS = 10


@dataclass(frozen=True)
class Part:
    """A heading and its lines; `bad` ones are marked in the HTML."""

    heading: str
    lines: Sequence[str]
    bad: bool = False


@dataclass(frozen=True)
class Digest:
    """What a run says: one line, then parts."""

    subject: str
    lead: str
    parts: Sequence[Part]

    @property
    def text(self) -> str:
        """As plain text."""
        parts = [f"{part.heading}\n" + "\n".join(f"  {line}" for line in part.lines) for part in self.parts]
        return "\n\n".join([self.subject, self.lead, *parts]) + "\n"

    @property
    def html(self) -> str:
        """As an HTML mail: no script, no picture, nothing from anywhere."""
        from jinja2 import Environment, FileSystemLoader

        environment = Environment(
            autoescape=True, loader=FileSystemLoader(Path(__file__).parent), trim_blocks=True, lstrip_blocks=True
        )
        return unturned(environment.get_template("mail.html").render(digest=self))


def digest(project: Project, record: RunRecord) -> Digest:
    """What a run's record says."""
    words = _Words(project, record)
    return Digest(f"{project.settings.shop.name}: {words.outcome}", words.lead, [*words.parts()])


def write_digest(project: Project, record: RunRecord) -> None:
    """Write the digest beside the reports, as text and as HTML."""
    said = digest(project, record)
    write_whole(project.report.with_name("digest.txt"), said.text)
    write_whole(project.report.with_name("digest.html"), said.html)


def digest_message(project: Project, record: RunRecord) -> Message:
    """The digest as it is sent."""
    said = digest(project, record)
    return Message("digest", said.subject, said.text, said.html)


def alarm_message(project: Project, record: RunRecord, trouble: OpenTrouble) -> Message:
    """A trouble, for the first time or again, and what the run said besides."""
    words = _Words(project, record)
    kind, lead = "alarm", f"{words.run} met it first."
    if trouble.told:
        kind, lead = "reminder", f"Still open, since {words.day(trouble.since)}."
    rest = [part for part in words.parts() if part.heading != words.TROUBLES]
    subject = f"{project.settings.shop.name}: {kind}: {trouble.title}"
    said = Digest(subject, lead, [Part(words.TROUBLES, [*_trouble_lines(trouble)], bad=True), *rest])
    return Message("reminder" if trouble.told else "alarm", subject, said.text, said.html, trouble.id)


def over_message(project: Project, record: RunRecord, trouble: OpenTrouble) -> Message:
    """That a trouble is gone."""
    words = _Words(project, record)
    subject = f"{project.settings.shop.name}: over: {trouble.title}"
    lead = f"It was open since {words.day(trouble.since)}; {words.run[0].lower()}{words.run[1:]} did not meet it."
    said = Digest(subject, lead, [*words.where()])
    return Message("over", subject, said.text, said.html, trouble.id)


class _Words:
    """The parts of a record's digest, in the shop's time and numbers."""

    TROUBLES = "Open troubles"

    def __init__(self, project: Project, record: RunRecord) -> None:
        shop = project.settings.shop
        self.project, self.record = project, record
        self.zone, self.numbers = ZoneInfo(shop.time_zone), Numbers(shop.language, shop.currency)
        self.run = {
            "night": f"The night of {self.at(record.started)}",
            "UI": f"The run of {self.at(record.started)} from Dagster's UI",
            "command line": f"The run of {self.at(record.started)} from the command line",
        }[record.by]

    def at(self, instant: datetime) -> str:
        return self.numbers.instant(instant.astimezone(self.zone))

    def day(self, instant: datetime) -> str:
        return self.numbers.day(instant.astimezone(self.zone).date())

    @property
    def outcome(self) -> str:
        if self.record.outcome != "alarm":
            return self.record.outcome
        first = next(iter(self.record.troubles), None)
        return f"alarm: {first.title}" if first else "alarm"

    @property
    def lead(self) -> str:
        said = {
            "report": "ended with a new report",
            "nothing new": "found nothing new: tables and report stay as they are",
            "alarm": "failed: the last good tables and report stay as they are",
        }[self.record.outcome]
        missed = self.record.nights_missed
        before = f" In {missed} {plural(missed, 'night')} before it nothing ran." if missed else ""
        return f"{self.run} {said}. {self.rows_line}{before}"

    @property
    def rows_line(self) -> str:
        """The rows of all files, in one sentence."""
        files, count = self.record.files, self.numbers.count
        if not files:
            return "No new files."
        named = f"{count(len(files))} new {plural(len(files), 'file')}"
        return f"{capital(named)}: {self._rows([self.record.rows(what) for what in ROWS])}."

    def _rows(self, counts: Sequence[int]) -> str:
        return ", ".join(f"{self.numbers.count(n)} {what}" for n, what in zip(counts, ROWS, strict=True))

    def parts(self) -> Iterator[Part]:
        record = self.record
        if record.troubles:
            lines = [line for trouble in record.troubles for line in _trouble_lines(trouble, self.day(trouble.since))]
            yield Part(self.TROUBLES, lines, bad=True)
        if record.over:
            yield Part("Over", [f"{trouble.title} (since {self.day(trouble.since)})" for trouble in record.over])
        if record.kpis:
            yield Part("Headline figures, and their change since the last run", [self._kpi(k) for k in record.kpis])
        if record.restated:
            yield Part(
                "Matured values that moved since the report before", [self._restated(r) for r in record.restated]
            )
        if record.incidents_newly:
            lines = [self._incident(one) for one in record.incidents_newly]
            is_bad = any(one.word != "over" for one in record.incidents_newly)
            yield Part("Incidents that nobody logged", [*lines, *([INCIDENT_TO_DO] if is_bad else [])], bad=is_bad)
        if record.verdicts:
            yield Part("Said of changes since the last run", self._first(record.verdicts, SHOWN_VERDICTS))
        if record.warns_newly:
            yield Part("Warns newly", self._first([self._warned(w) for w in record.warns_newly], SHOWN_CHECKS))
        if record.warns_no_more:
            yield Part("Warns no more", self._first([self._warned(w) for w in record.warns_no_more], SHOWN_CHECKS))
        if record.files:
            yield Part("Files", self._first([self._file(file) for file in _worst_first(record.files)], SHOWN_FILES))
        yield from self.where()
        if record.undelivered:
            yield Part(
                "Not delivered yet", [f"{one.way}: “{one.message.subject}”: {one.why}" for one in record.undelivered]
            )

    def where(self) -> Iterator[Part]:
        until = self.record.data_until
        reach = [f"Data until {self.at(until)}"] if until else []
        yield Part("Report", [self.record.report or "There is none yet.", *reach])

    def _kpi(self, kpi: Kpi) -> str:
        if kpi.value is None:
            return f"{kpi.label}: not measured"
        shown = f"{kpi.label}: {self.numbers.share(kpi.value)}"
        counted = f"{self.numbers.count(kpi.numerator)} of {self.numbers.count(kpi.denominator)}"
        if kpi.before is None:
            return f"{shown} ({counted})"
        change = "unchanged" if kpi.value == kpi.before else self.numbers.points(kpi.value - kpi.before)
        return f"{shown}, {change} ({counted})"

    def _restated(self, restated: Restated) -> str:
        days = self.numbers.day(restated.first_on)
        if restated.last_on > restated.first_on:
            days = f"{days} to {self.numbers.day(restated.last_on)}"
        return f"By {restated.cause}: {self.numbers.count(restated.values)} ({days})"

    def _incident(self, one: IncidentNotice) -> str:
        said = {"open": "has fallen", "worse": "has fallen further", "over": "is over: it had fallen"}[one.word]
        counts = f"{self.numbers.count(one.went_on_count)} of {self.numbers.count(one.entered_count)} went on"
        return (
            f"{one.place} {said} by {self.numbers.share(-one.relative_size, 0)}, "
            f"{self.numbers.period(one.began_on, one.ended_on)}: {counts}, "
            f"{self.numbers.count(one.expected_count)} were expected."
            + (f" Logged: {one.changes}." if one.changes else "")
        )

    def _warned(self, warned: Warned) -> str:
        return f"{capital(warned.finding)}: {self.numbers.count(warned.count)} ({warned.table}). {warned.to_do}"

    def _file(self, file: FileRows) -> str:
        if file.status != "loaded":
            return f"{file.path} ({file.export}): {file.status}: {file.reason}"
        counts = [file.rows_read, file.rows_loaded, file.rows_duplicate, file.rows_rejected]
        return f"{file.path} ({file.export}): {self._rows(counts)}"

    def _first(self, lines: Sequence[str], shown: int) -> Sequence[str]:
        rest = len(lines) - shown
        return [*lines[:shown], f"… and {self.numbers.count(rest)} more"] if rest > 0 else lines


ROWS: Sequence[Rows] = ("read", "loaded", "duplicate", "rejected")


def _trouble_lines(trouble: OpenTrouble, since: str = "") -> Iterator[str]:
    yield f"{trouble.title}{f' (since {since})' if since else ''}"
    yield from (f"  {line}" for line in trouble.cause.splitlines())
    if trouble.to_do:
        yield f"  → {trouble.to_do}"


def _worst_first(files: Sequence[FileRows]) -> list[FileRows]:
    """Files of which something was refused before the others, which keep their order."""
    return sorted(files, key=lambda file: (file.status == "loaded", file.rows_rejected == 0))
