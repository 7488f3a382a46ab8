"""What the files of a folder look like, which format each would be read as and why, and what a run would do: a dry run,
nothing is loaded.

A format fits a file when it reads that kind of file and the file has every column (or key, of JSON and XML) that the
format's `-- needs:` line names; of several that fit, the one that needs most. A tab-separated file without a header
fits the format with as many columns. What is found out about a file, and what becomes of its rows, is asked of what
loads them (`readers/`, `accounting.py`). Not here: loading (`load.py`).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from parcours.loading.accounting import IngestError, Run, judge, told_reasons
from parcours.loading.files import Found, Reading, fault_of, shown
from parcours.loading.load import limits_now, read_rows
from parcours.loading.namespaces import find_namespaces
from parcours.loading.readers import FileRefused, kind_of_file, kind_of_text
from parcours.loading.readers.delimited import csv_look, renamed
from parcours.loading.readers.documents import document_names
from parcours.loading.readers.encoding import beginning
from parcours.loading.readers.refusal import not_opened
from parcours.loading.settings_tables import write_settings
from parcours.loading.sources import READS, Source, read_source
from parcours.loading.together import may_join
from parcours.project import ROOT, load_project
from parcours.settings.file import SettingsError
from parcours.settings.schema import ExportFile, JourneySettings
from parcours.warehouse.connection import literal_path, prepare
from parcours.warehouse.raw_tables import make_raw_tables

LOOKED_AT = 50
"""Lines or records of a file that are looked at."""

LARGEST = 2**28
"""Bytes of a file that is read whole: of a larger one nothing is said of its rows."""

COUNTED = {
    "csv": "columns",
    "tsv": "fields",
    "jsonl": "keys",
    "json": "keys",
    "xml": "keys",
    "parquet": "columns",
}
"""The kinds of files that hold rows, and what of them is counted."""

NEW_FORMAT = "write a sources/<format>.sql (docs/own-exports.md)"


@dataclass(frozen=True)
class Shop:
    """What a shop reads: its settings, its formats and ours, and what journey.yaml says of an export, by its format."""

    settings: JourneySettings
    sources: tuple[Source, ...]
    exports: Mapping[str, ExportFile]

    def export(self, source: Source) -> ExportFile:
        """How a file of a format is read here."""
        undeclared = {"name": "dry-run", "path": "*", "format": source.format}
        return self.exports.get(source.format) or ExportFile.model_validate(undeclared)


@dataclass(frozen=True)
class Look:
    """What a file looks like: its kind, its columns or keys, how many there are, and what is unusual about it."""

    path: Path
    kind: str
    names: tuple[str, ...] = ()
    fields: int = 0
    said: tuple[str, ...] = ()


@dataclass(frozen=True)
class Guess:
    """The format that a file would be read as, and why; no format: what is missing from the nearest, or wrong with it.

    `then`: what a run would do with it.
    """

    look: Look
    format: str | None
    why: str
    then: str = ""


def shop_of(journey_file: Path) -> Shop:
    """A shop: its own sources before ours; where its journey.yaml is not there or wrong, as if it declared nothing."""
    found: dict[str, Source] = {}
    for folder in (journey_file.parent / "sources", ROOT / "sql" / "sources"):
        for path in sorted(folder.glob("*.sql")):
            found.setdefault(path.stem, read_source(path))
    try:
        settings = load_project(journey_file).settings
        exports = {export.format: export for export in reversed(settings.exports.files)}
    except SettingsError:
        settings, exports = load_project(ROOT / "journey.yaml").settings, {}
    return Shop(settings, tuple(found.values()), exports)


def guess_folder(folder: Path, shop: Shop) -> Iterator[Guess]:
    """A guess for each file below a folder, in the order of their names, and what a run would do with it."""
    with duckdb.connect() as connection:
        prepare(connection, "0" * 64)
        write_settings(connection, shop.settings)
        make_raw_tables(connection)
        readings = {source.format: _reading(source, shop) for source in shop.sources}
        waiting: list[tuple[Guess, Found | None]] = []
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                found = guess(path, shop)
                file = _file(found, readings)
                together = [other for _, other in waiting if other]
                if file and not may_join(together, file):
                    yield from _told(connection, waiting, shop)
                    waiting.clear()
                waiting.append((found, file))
        yield from _told(connection, waiting, shop)


def guess(path: Path, shop: Shop) -> Guess:
    """The format that fits a file best."""
    try:
        status = path.stat()
        if fault := fault_of(path, status):
            return Guess(Look(path, "unreadable"), None, fault)
        if status.st_size == 0:
            return Guess(Look(path, "empty"), None, "is empty; export it again")
        start = beginning(path).lstrip()
    except FileRefused as refusal:
        return Guess(Look(path, "unreadable"), None, str(refusal))
    except OSError as error:
        return Guess(Look(path, "unreadable"), None, not_opened(error))
    looks = _Looks(path, start)
    named = [(source, *looks.as_format(source, shop.export(source))) for source in shop.sources]
    fitting = [(source, look) for source, look, missing in named if not missing]
    if fitting:
        source, look = max(fitting, key=lambda one: len(one[0].needs))
        fields = f"has {look.fields} tab-separated fields"
        return Guess(look, source.format, fields if look.kind == "tsv" else f"has {', '.join(source.needs)}")
    return _none(looks, named, shop)


def _none(looks: _Looks, named: Sequence[tuple[Source, Look, set[str]]], shop: Shop) -> Guess:
    """Why no format fits a file."""
    try:
        look = looks.alone()
    except FileRefused as refusal:
        return Guess(Look(looks.path, "no table"), None, str(refusal))
    others = [
        source
        for source in shop.sources
        if source.needs and {*source.needs} <= {*renamed(look.names, shop.export(source).columns)}
    ]
    if others:
        best = max(others, key=lambda source: len(source.needs))
        why = f"looks like {best.format}, but that reads {' or '.join(best.reads)}: export it so"
        return Guess(look, None, why)
    near = [(len(missing), sorted(missing), source) for source, _, missing in named if len(missing) < len(source.needs)]
    if near:
        _, absent, source = min(near, key=lambda one: one[0])
        mapped = ", or named otherwise (say so under columns:)" if look.kind == "csv" else ""
        return Guess(look, None, f"nearest is {source.format}, but {', '.join(absent)} is missing{mapped}")
    if "tabs" in look.said:
        return Guess(look, None, f"no format of ours has as many columns, or these in its header: {NEW_FORMAT}")
    return Guess(look, None, f"no format of ours: {NEW_FORMAT}")


class _Looks:
    """What one file looks like to several formats, each thing asked once."""

    def __init__(self, path: Path, start: bytes) -> None:
        self.path = path
        self.start = start
        self._known: dict[str, Look] = {}

    def as_format(self, source: Source, export: ExportFile) -> tuple[Look, set[str]]:
        """What it looks like to a format, and what this lacks."""
        kind = kind_of_file(self.path, source, self.start)
        if kind == "tsv":
            fields = self._fields()
            absent = set() if fields == len(source.columns) else {f"{len(source.columns)} fields"}
            return Look(self.path, kind, fields=fields), absent or {*source.needs}
        try:
            look = self._csv(source.needs, export.columns, export.encoding) if kind == "csv" else self._of_kind(kind)
        except FileRefused:
            return Look(self.path, kind), {*source.needs, ""}
        return look, {*source.needs} - {*look.names} if source.needs else {""}

    def alone(self) -> Look:
        """What it looks like to somebody who knows no format."""
        kind = kind_of_text(self.start, [kind for kind in ("csv", *READS) if kind != "tsv"], ())
        return self._csv((), {}) if kind == "csv" else self._of_kind(kind)

    def _csv(self, needs: Sequence[str], labels: Mapping[str, str], encoding: str | None = None) -> Look:
        dialect, names = csv_look(self.path, needs, labels, encoding)
        return Look(self.path, "csv", names, len(names), dialect.said)

    def _of_kind(self, kind: str) -> Look:
        if kind not in self._known:
            names = {"jsonl": self._keys, "parquet": self._columns}.get(kind, lambda: self._members(kind))()
            self._known[kind] = Look(self.path, kind, names, len(names))
        return self._known[kind]

    def _lines(self) -> list[str]:
        lines = self.start.decode(errors="replace").splitlines()[:LOOKED_AT]
        return [line for line in lines if line.strip()]

    def _fields(self) -> int:
        """Of most lines the tab-separated fields."""
        (tabs, alike), *_ = Counter(line.count("\t") for line in self._lines()).most_common(1) or [(0, 0)]
        return tabs + 1 if alike * 2 > len(self._lines()) else 0

    def _keys(self) -> tuple[str, ...]:
        records = [record for record in map(_record, self._lines()) if record is not None]
        return tuple(dict.fromkeys(key for record in records for key in record))

    def _members(self, kind: str) -> tuple[str, ...]:
        return document_names(self.path, kind, LOOKED_AT, self._first_records() if kind == "json" else None)

    def _first_records(self) -> list[str] | None:
        """The first lines, where each is a whole object; such a file may be long."""
        lines = self._lines()
        return lines if len(lines) > 1 and all(_record(line) is not None for line in lines[:-1]) else None

    def _columns(self) -> tuple[str, ...]:
        try:
            with duckdb.connect() as connection:
                columns = connection.execute(
                    "describe select * from read_parquet($path, hive_partitioning = false)",
                    {"path": literal_path(self.path)},
                ).fetchall()
        except duckdb.Error:
            raise FileRefused("can't be read as Parquet; export it again") from None
        return tuple(name for name, *_ in columns)


def _reading(source: Source, shop: Shop) -> Reading:
    """How the files of a format are read."""
    export = shop.export(source)
    return Reading(export, source, find_namespaces([(export, source)])[0], "")


def _file(found: Guess, readings: Mapping[str, Reading]) -> Found | None:
    """A file as the loader gets it; none: it is of no format, or too large to be tried."""
    if found.format is None:
        return None
    path, reading = found.look.path, readings[found.format]
    size = path.stat().st_size
    return Found(path, path.name, size, "", reading, frozenset({found.format})) if size <= LARGEST else None


def _told(
    connection: duckdb.DuckDBPyConnection, waiting: Sequence[tuple[Guess, Found | None]], shop: Shop
) -> Iterator[Guess]:
    """The guesses, and what a run would do with their files."""
    files = [file for _, file in waiting if file]
    run = Run(0, limits_now(shop.settings, has_forgotten=False), shop.settings.exports.refuse_above)
    becomes = iter(_what_becomes(connection, files, run) if files else [])
    for found, file in waiting:
        left_out = "left out" if found.format is None else f"not read: larger than {LARGEST // 2**20} MB"
        yield replace(found, then=next(becomes) if file else left_out)


def _what_becomes(connection: duckdb.DuckDBPyConnection, files: Sequence[Found], run: Run) -> list[str]:
    """What a run would do with files that it loads together, by the very functions that would do it."""
    try:
        reads = read_rows(connection, files)
        _, refused = judge(connection, files, run, reads)
    except (FileRefused, IngestError) as refusal:
        if len(files) == 1:
            return [f"refused: {refusal}"]
        middle = len(files) // 2
        return _what_becomes(connection, files[:middle], run) + _what_becomes(connection, files[middle:], run)
    becomes = {number: f"refused: {load.reason}" for number, load in refused.items()}
    written = f"{reads.said}; " if reads.said else ""
    for number, rows, rejected in connection.execute(
        "select file_number, rows_read, rows_rejected from loading_files"
    ).fetchall():
        why = f": {told_reasons(connection, number)}" if rejected else ""
        becomes[number] = f"{written}{rows:,} row{'' if rows == 1 else 's'}, {rejected:,} rejected{why}"
    return [becomes[number] for number in range(len(files))]


def describe_guess(found: Guess, folder: Path) -> str:
    """One line for people."""
    look = found.look
    looks = f"{look.kind}, {look.fields} {COUNTED[look.kind]}" if look.kind in COUNTED else look.kind
    name = shown(str(look.path.relative_to(folder)))
    return f"{name}: {looks} → {found.format or '–'} ({found.why}){f': {found.then}' if found.then else ''}"


def _record(line: str) -> dict[str, object] | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None
