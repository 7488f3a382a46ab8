"""The words of a run in the shop's language: its digest as text and as a small HTML mail, what is told of a trouble.

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
from parcours.nights.trouble_words import in_words
from parcours.numbers import Numbers, capital
from parcours.project import Project
from parcours.report.page import unturned
from parcours.whole_file import write_whole
from parcours.words import later, say, say_number, speaking, spoken, told

SHOWN_FILES = 10
SHOWN_CHECKS = 10
SHOWN_VERDICTS = 10
TROUBLES = later("Open troubles")
RUNS = {
    "night": later("The night of {instant}"),
    "UI": later("The run of {instant} from Dagster's UI"),
    "command line": later("The run of {instant} from the command line"),
}
OUTCOMES = {"report": later("report"), "nothing new": later("nothing new"), "alarm": later("alarm")}
ENDED = {
    "report": later("{run} ended with a new report."),
    "nothing new": later("{run} found nothing new: tables and report stay as they are."),
    "alarm": later("{run} failed: the last good tables and report stay as they are."),
}
FELL = {
    "open": later("{place} has fallen by {share}, {period}: {count} of {entered} went on, {expected} were expected."),
    "worse": later(
        "{place} has fallen further by {share}, {period}: {count} of {entered} went on, {expected} were expected."
    ),
    "over": later(
        "{place} is over: it had fallen by {share}, {period}: {count} of {entered} went on, {expected} were expected."
    ),
}
ROWS: Sequence[Rows] = ("read", "loaded", "duplicate", "rejected")
COUNTED = later("{read} read, {loaded} loaded, {duplicate} duplicate, {rejected} rejected")


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
        return unturned(environment.get_template("mail.html").render(digest=self, language=spoken()))


def digest(project: Project, record: RunRecord) -> Digest:
    """What a run's record says."""
    words = _Words(project, record)
    return Digest(
        say("{shop}: {said}", shop=project.settings.shop.name, said=words.outcome), words.lead, [*words.parts()]
    )


def write_digest(project: Project, record: RunRecord) -> None:
    """Write the digest beside the reports, as text and as HTML."""
    message = digest_message(project, record)
    write_whole(project.report.with_name("digest.txt"), message.text)
    write_whole(project.report.with_name("digest.html"), message.html)


def digest_message(project: Project, record: RunRecord) -> Message:
    """The digest as it is sent."""
    with speaking(project.settings.shop.language):
        said = digest(project, record)
        return Message("digest", said.subject, said.text, said.html)


def alarm_message(project: Project, record: RunRecord, trouble: OpenTrouble) -> Message:
    """A trouble, for the first time or again, and what the run said besides."""
    with speaking(project.settings.shop.language):
        words = _Words(project, record)
        names = {"shop": project.settings.shop.name, "trouble": in_words(trouble, words.numbers).title}
        if trouble.told:
            subject = say("{shop}: reminder: {trouble}", **names)
            lead = say("Still open, since {day}.", day=words.day(trouble.since))
        else:
            subject = say("{shop}: alarm: {trouble}", **names)
            lead = say("{run} met it first.", run=words.run)
        rest = [part for part in words.parts() if part.heading != say(TROUBLES)]
        said = Digest(subject, lead, [Part(say(TROUBLES), [*words.trouble_lines(trouble)], bad=True), *rest])
        return Message("reminder" if trouble.told else "alarm", subject, said.text, said.html, trouble.id)


def over_message(project: Project, record: RunRecord, trouble: OpenTrouble) -> Message:
    """That a trouble is gone."""
    with speaking(project.settings.shop.language):
        words = _Words(project, record)
        title = in_words(trouble, words.numbers).title
        subject = say("{shop}: over: {trouble}", shop=project.settings.shop.name, trouble=title)
        lead = say(
            "It was open since {day}; {run} did not meet it.",
            day=words.day(trouble.since),
            run=f"{words.run[0].lower()}{words.run[1:]}",
        )
        said = Digest(subject, lead, [*words.where()])
        return Message("over", subject, said.text, said.html, trouble.id)


class _Words:
    """The parts of a record's digest, in the language that is spoken, the shop's time and numbers."""

    def __init__(self, project: Project, record: RunRecord) -> None:
        shop = project.settings.shop
        self.project, self.record = project, record
        self.zone, self.numbers = ZoneInfo(shop.time_zone), Numbers(shop.language, shop.currency)
        self.run = say(RUNS[record.by], instant=self.at(record.started))

    def at(self, instant: datetime) -> str:
        return self.numbers.instant(instant.astimezone(self.zone))

    def day(self, instant: datetime) -> str:
        return self.numbers.day(instant.astimezone(self.zone).date())

    @property
    def outcome(self) -> str:
        first = next(iter(self.record.troubles), None)
        if self.record.outcome != "alarm" or first is None:
            return say(OUTCOMES[self.record.outcome])
        return say("alarm: {trouble}", trouble=in_words(first, self.numbers).title)

    @property
    def lead(self) -> str:
        missed = self.record.nights_missed
        before = say_number(
            "In {count} night before it nothing ran.",
            "In {count} nights before it nothing ran.",
            missed,
            count=self.numbers.count(missed),
        )
        sentences = [say(ENDED[self.record.outcome], run=self.run), self.rows_line, *([before] if missed else [])]
        return " ".join(sentences)

    @property
    def rows_line(self) -> str:
        """The rows of all files, in one sentence."""
        files = len(self.record.files)
        if not files:
            return say("No new files.")
        rows = self._rows([self.record.rows(what) for what in ROWS])
        return say_number(
            "{count} new file: {rows}.",
            "{count} new files: {rows}.",
            files,
            count=self.numbers.count(files),
            rows=rows,
        )

    def _rows(self, counts: Sequence[int]) -> str:
        return say(COUNTED, **{what: self.numbers.count(n) for n, what in zip(counts, ROWS, strict=True)})

    def parts(self) -> Iterator[Part]:
        record = self.record
        if record.troubles:
            lines = [line for trouble in record.troubles for line in self.trouble_lines(trouble, with_day=True)]
            yield Part(say(TROUBLES), lines, bad=True)
        if record.over:
            yield Part(say("Over"), [self._since(trouble) for trouble in record.over])
        if record.kpis:
            yield Part(
                say("Headline figures, and their change since the last run"), [self._kpi(k) for k in record.kpis]
            )
        if record.restated:
            yield Part(
                say("Matured values that moved since the report before"), [self._restated(r) for r in record.restated]
            )
        if record.incidents_newly:
            lines = [self._incident(one) for one in record.incidents_newly]
            is_bad = any(one.word != "over" for one in record.incidents_newly)
            to_do = say(
                "→ Try these steps as those people would; the journey page says what else was seen on these days."
            )
            yield Part(say("Incidents that nobody logged"), [*lines, *([to_do] if is_bad else [])], bad=is_bad)
        if record.verdicts:
            yield Part(say("Said of changes since the last run"), self._first(record.verdicts, SHOWN_VERDICTS))
        if record.warns_newly:
            yield Part(say("Warns newly"), self._first([self._warned(w) for w in record.warns_newly], SHOWN_CHECKS))
        if record.warns_no_more:
            lines = [self._warned(w) for w in record.warns_no_more]
            yield Part(say("Warns no more"), self._first(lines, SHOWN_CHECKS))
        if record.files:
            lines = [self._file(file) for file in _worst_first(record.files)]
            yield Part(say("Files"), self._first(lines, SHOWN_FILES))
        yield from self.where()
        if record.undelivered:
            lines = [
                say("{way}: “{subject}”: {why}", way=one.way, subject=one.message.subject, why=one.why)
                for one in record.undelivered
            ]
            yield Part(say("Not delivered yet"), lines)

    def where(self) -> Iterator[Part]:
        until = self.record.data_until
        reach = [say("Data until {day}", day=self.at(until))] if until else []
        yield Part(say("Report"), [self.record.report or say("There is none yet."), *reach])

    def trouble_lines(self, trouble: OpenTrouble, *, with_day: bool = False) -> Iterator[str]:
        """A trouble with its cause and what to do, and since when it is open."""
        words = in_words(trouble, self.numbers)
        yield self._since(trouble) if with_day else words.title
        yield from (f"  {line}" for line in words.cause.splitlines())
        if words.to_do:
            yield f"  → {words.to_do}"

    def _since(self, trouble: OpenTrouble) -> str:
        title = in_words(trouble, self.numbers).title
        return say("{trouble} (since {day})", trouble=title, day=self.day(trouble.since))

    def _kpi(self, kpi: Kpi) -> str:
        if kpi.value is None:
            return say("{label}: not measured", label=kpi.label)
        figures = {
            "label": kpi.label,
            "share": self.numbers.share(kpi.value),
            "count": self.numbers.count(kpi.numerator),
            "total": self.numbers.count(kpi.denominator),
        }
        if kpi.before is None:
            return say("{label}: {share} ({count} of {total})", **figures)
        if kpi.value == kpi.before:
            return say("{label}: {share}, unchanged ({count} of {total})", **figures)
        change = self.numbers.points(kpi.value - kpi.before)
        return say("{label}: {share}, {change} ({count} of {total})", change=change, **figures)

    def _restated(self, restated: Restated) -> str:
        figures = {
            "cause": told(restated.cause),
            "count": self.numbers.count(restated.values),
            "first": self.numbers.day(restated.first_on),
            "last": self.numbers.day(restated.last_on),
        }
        if restated.last_on > restated.first_on:
            return say("By {cause}: {count} ({first} to {last})", **figures)
        return say("By {cause}: {count} ({first})", **figures)

    def _incident(self, one: IncidentNotice) -> str:
        said = say(
            FELL[one.word],
            place=one.place,
            share=self.numbers.share(-one.relative_size, 0),
            period=self.numbers.period(one.began_on, one.ended_on),
            count=self.numbers.count(one.went_on_count),
            entered=self.numbers.count(one.entered_count),
            expected=self.numbers.count(one.expected_count),
        )
        return said + " " + say("Logged: {changes}.", changes=one.changes) if one.changes else said

    def _warned(self, warned: Warned) -> str:
        return say(
            "{finding}: {count} ({table}). {to_do}",
            finding=capital(told(warned.finding)),
            count=self.numbers.count(warned.count),
            table=warned.table,
            to_do=told(warned.to_do),
        )

    def _file(self, file: FileRows) -> str:
        names = {"path": file.path, "export": file.export}
        if file.status != "loaded":
            return say(
                "{path} ({export}): {status}: {reason}",
                status=told(file.status),
                reason=told(file.reason or ""),
                **names,
            )
        rows = self._rows([file.rows_read, file.rows_loaded, file.rows_duplicate, file.rows_rejected])
        return say("{path} ({export}): {rows}", rows=rows, **names)

    def _first(self, lines: Sequence[str], shown: int) -> Sequence[str]:
        rest = len(lines) - shown
        if rest <= 0:
            return lines
        return [
            *lines[:shown],
            say_number("… and {count} more", "… and {count} more", rest, count=self.numbers.count(rest)),
        ]


def _worst_first(files: Sequence[FileRows]) -> list[FileRows]:
    """Files of which something was refused before the others, which keep their order."""
    return sorted(files, key=lambda file: (file.status == "loaded", file.rows_rejected == 0))
