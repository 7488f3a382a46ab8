"""Why a run stopped, in words for whoever must mend it: a title, the cause first, and what to do.

Here: an exception or a failed check as a `Trouble`, the same for the terminal, the Dagster UI and the
digest of a night.
Not here: showing it (`pipelines/commands/`, `assets/failures.py`, `parcours/nights/`).
"""

from __future__ import annotations

import hashlib
import json
import re
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from parcours.engine.checks import Finding, Sample
from parcours.project import ROOT
from parcours.warehouse.check_results import CHECK_RESULTS

FAULT = "This is a fault of Parcours, not of your data: please report it with these lines."


@dataclass(frozen=True)
class Trouble:
    """What stopped a run.

    Attributes:
        id: the same for the same trouble, whichever night it is met.
        title: one line.
        cause: file, line and reason, or the first offending rows; may have several lines.
        to_do: what to do about it; may be empty, where the cause says it.
    """

    id: str
    title: str
    cause: str
    to_do: str

    def lines(self) -> Iterator[str]:
        """The trouble as it is printed, the cause and the remedy set in."""
        yield self.title
        yield from (f"  {line}" for line in self.cause.splitlines())
        if self.to_do:
            yield f"  → {self.to_do}"


def trouble_of(problem: BaseException | Finding) -> Trouble:
    """The trouble that an exception or a failed check is."""
    if isinstance(problem, Finding):
        check = problem.check
        return _check_trouble(
            check.table, check.name, problem.offending_count, check.finds, check.to_do, problem.samples
        )
    return error_trouble(type(problem).__name__, _message(problem), _place(problem))


def failed_checks(connection: duckdb.DuckDBPyConnection) -> list[Trouble]:
    """The trouble of every check that failed when it last ran, from the warehouse or the published file."""
    rows = connection.execute(
        f"select table_name, check_name, offending_count, finding, to_do, samples from {CHECK_RESULTS} "
        "where verdict = 'failed' order by table_name, check_name"
    ).fetchall()
    return [
        _check_trouble(table, check, count, finds, to_do, json.loads(samples))
        for table, check, count, finds, to_do, samples in rows
    ]


KNOWN: Mapping[str, tuple[str, str]] = {
    "SettingsError": ("journey.yaml can't be used", ""),
    "IngestError": ("The exports can't be loaded", "Correct the file that is named, then run again."),
    "RatesError": ("The rates of currencies can't be used", "Correct the lines that are named, then run again."),
    "SourceError": ("A format's SQL can't be used", "Correct the line that is named, then run again."),
    "OtherExports": ("The exports are another shop's", "Give each shop a warehouse of its own."),
    "NotLoaded": ("A file can't be taken back, or loaded again", "Name it as raw.loads does."),
    "ModelError": ("A table's SQL fails", "Correct the SQL file of that table, then run again."),
    "NotPrinted": ("A page could not be printed as PDF", "Print reports/share/journey.html from a browser."),
    "NotBuilt": ("A table that is read is not built yet", "Materialize all once."),
    "DeclarationError": ("A table's SQL can't be read", "Correct that line, then run again."),
    "FunctionError": ("A function's SQL fails", "Correct that file, then run again."),
    "SuiteError": ("A check can't be evaluated", FAULT),
    "SparkMissing": ("The cluster's software is not here", ""),
    "PlaceError": ("The cluster's storage can't be reached", "Correct engine.storage, or the credentials."),
    "ClusterError": ("The cluster gave up", "See Spark's logs of its workers, then run again: what was built stays."),
    "WarehouseBusy": ("The warehouse is open elsewhere", "Wait for that run to end, then run again."),
    "UnusableKey": ("The key of the pseudonyms can't be used", "Correct PARCOURS_KEY."),
    "CatalogException": ("A table that is read is not built yet", "Materialize all once."),
    "OldWarehouse": ("The warehouse is of an earlier version", "Move warehouse.duckdb away, then run again."),
    "PeriodError": ("These periods can't be compared", "Give others."),
    "NobodyFound": ("Nobody found", "Correct the e-mail or customer id, or delete the line."),
    "NotPublished": ("Nothing was published", "Mend what is named, then run again."),
    "OutOfMemoryException": ("Memory ran out", "Close other programs, or load fewer files at a time, then run again."),
    "MemoryError": ("Memory ran out", "Close other programs, or load fewer files at a time, then run again."),
    "PermissionError": ("A file may not be read or written", "Give the user who runs Parcours access to it."),
}
"""By the exception's class: the title, and what to do where its text does not say."""


def error_trouble(kind: str, message: str, place: str = "") -> Trouble:
    """The trouble of an error of which only the texts are left.

    Args:
        kind: name of the exception's class.
        message: its text: what was found, and after the first full stop what to do.
        place: where in the code it was raised, for those that nobody expects.
    """
    text = message.strip()
    if _is_disk_full(text):
        to_do = "Make room, then run again: what was loaded stays, and the last good report too."
        return Trouble(_id("disk full", ""), "The disk is full", text, to_do)
    if kind not in KNOWN:
        cause = f"{kind}: {text}" if text else kind
        return Trouble(
            _id(kind, place or text), "Something nobody expected", f"{cause}{place and f' ({place})'}", FAULT
        )
    title, remedy = KNOWN[kind]
    cause, _, to_do = (text, "", "") if "\n" in text else text.partition(". ")
    # Counts and the numbers of processes are others each night.
    return Trouble(_id(kind, re.sub(r"\d+", "#", cause)), title, cause.removesuffix(".") + ".", to_do or remedy)


def _check_trouble(table: str, check: str, count: int, finds: str, to_do: str, samples: Sequence[Sample]) -> Trouble:
    lines = [_row(sample) for sample in samples]
    # A check of values counts values, and its samples say which expectation they miss.
    if samples and "value_count" not in samples[0] and count > len(samples):
        lines.append(f"… and {count - len(samples):,} more")
    # Other files are another trouble; other rows are the same one, met again each night.
    files = sorted(str(sample["path"]) for sample in samples if sample.get("path"))
    title = f"{finds[0].upper()}{finds[1:]}: {count:,} ({table}, {check})"
    return Trouble(_id(f"{table}.{check}", " ".join(files)), title, "\n".join(lines), to_do)


def _row(sample: Sample) -> str:
    """An offending row: a file with its reason, or its values by their names."""
    if sample.get("path"):
        return f"{sample['path']}: {sample.get('reason') or ', '.join(_values(sample, but='path'))}"
    return ", ".join(_values(sample))


def _values(sample: Sample, but: str = "") -> Iterator[str]:
    for name, value in sample.items():
        if name != but and value is not None:
            yield f"{name} {f'{value:,}' if isinstance(value, int) and name.endswith('_count') else value}"


def _message(error: BaseException) -> str:
    """An error's text; of one about a file, which."""
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}"
    return str(error)


def _place(error: BaseException) -> str:
    """The last line of our own code that an error went through."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        if path.is_relative_to(ROOT) and "site-packages" not in path.parts:
            return f"{path.relative_to(ROOT)}, line {frame.lineno}"
    return ""


def _is_disk_full(text: str) -> bool:
    # The last where the system, not the disk, sets the end: a limit of the user's, or of the file system.
    return any(said in text for said in ("No space left on device", "Disk quota exceeded", "File too large"))


def _id(kind: str, what: str) -> str:
    """The kind, and a short hash of what tells two of a kind apart."""
    if not what:
        return kind
    return f"{kind} {hashlib.sha256(what.encode()).hexdigest()[:8]}"
