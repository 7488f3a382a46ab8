"""What the files of a folder look like, and which format each would be read as and why: a dry run, nothing is loaded.

A format fits a file when it reads that kind of file and the file has every column (or key, of JSON and XML) that the
format's `-- needs:` line names; of several that fit, the one that needs most. A tab-separated file has no names: it
fits the format with as many columns. Not here: loading (`load.py`).
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path

import duckdb

from parcours.loading.files import shown
from parcours.loading.readers import FileRefused, kind_of_file
from parcours.loading.readers.by_line import csv_header
from parcours.loading.readers.compressed import GZIP_ERRORS, open_bytes
from parcours.loading.readers.delimited import renamed
from parcours.loading.readers.documents import document_names
from parcours.loading.sources import READS, Source, read_source
from parcours.project import ROOT, load_project
from parcours.settings.file import SettingsError
from parcours.warehouse.connection import literal_path

Labels = Mapping[str, Mapping[str, str]]
"""By format, the label in a file of each column that journey.yaml maps."""

LOOKED_AT = 50
"""Lines or records of a file that are looked at."""

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
class Look:
    """What a file looks like: its kind (or what is wrong with it), its columns or keys, and how many there are."""

    path: Path
    kind: str
    names: tuple[str, ...] = ()
    fields: int = 0


@dataclass(frozen=True)
class Guess:
    """The format that a file would be read as, and why; no format: what is missing from the nearest."""

    look: Look
    format: str | None
    why: str


def known_sources(folders: Sequence[Path]) -> list[Source]:
    """The sources of some folders, each format once, the first folder's before the others'."""
    found: dict[str, Source] = {}
    for folder in folders:
        for path in sorted(folder.glob("*.sql")):
            found.setdefault(path.stem, read_source(path))
    return list(found.values())


def guess_folder(folder: Path, sources: Sequence[Source], labels: Labels | None = None) -> list[Guess]:
    """A guess for each file below a folder, in the order of their names."""
    return [guess(look_at(path), sources, labels) for path in sorted(folder.rglob("*")) if path.is_file()]


def look_at(path: Path) -> Look:
    """What a file looks like, by its first lines; a JSON document, by the whole of it."""
    if path.stat().st_size == 0:
        return Look(path, "empty")
    try:
        kind = "parquet" if path.suffix == ".parquet" else kind_of_file(path, READS)
        if kind == "parquet":
            return _look_at_parquet(path)
        if kind in ("json", "xml"):
            return _named(path, kind, document_names(path, kind, LOOKED_AT))
        return _look_at_lines(path)
    except (FileRefused, OSError, *GZIP_ERRORS):
        return Look(path, "unreadable")


def _look_at_parquet(path: Path) -> Look:
    try:
        with duckdb.connect() as connection:
            columns = connection.execute(
                "describe select * from read_parquet($path, hive_partitioning = false)", {"path": literal_path(path)}
            ).fetchall()
    except duckdb.Error:
        return Look(path, "not Parquet")
    return _named(path, "parquet", tuple(name for name, *_ in columns))


def _look_at_lines(path: Path) -> Look:
    with open_bytes(path) as file, TextIOWrapper(file, encoding="utf-8-sig", errors="replace", newline="\n") as text:
        lines = [line for line, _ in zip(text, range(LOOKED_AT), strict=False) if line.strip()]
    records = [record for record in map(_record, lines) if record is not None]
    if records and len(records) * 2 >= len(lines):
        return _named(path, "jsonl", tuple(dict.fromkeys(key for record in records for key in record)))
    # Most lines have as many tabs, whatever commas stand between them.
    tabs, alike = Counter(line.count("\t") for line in lines).most_common(1)[0] if lines else (0, 0)
    if tabs and alike * 2 > len(lines):
        return Look(path, "tsv", fields=tabs + 1)
    try:
        return _named(path, "csv", tuple(csv_header(path)))
    except FileRefused:
        return Look(path, "no table")


def _named(path: Path, kind: str, names: tuple[str, ...]) -> Look:
    return Look(path, kind, names, len(names))


def guess(look: Look, sources: Sequence[Source], labels: Labels | None = None) -> Guess:
    """The format that fits a file best.

    Args:
        look: what the file looks like.
        sources: the formats.
        labels: what journey.yaml says under columns: of a format, by the name of the column the label in the file.
    """
    if look.kind not in COUNTED:
        return Guess(look, None, f"{look.kind}: left out")
    if look.kind == "tsv":
        for source in sources:
            if "tsv" in source.reads and len(source.columns) == look.fields:
                return Guess(look, source.format, f"has {look.fields} tab-separated fields")
        return Guess(look, None, "no format of ours has as many columns: " + NEW_FORMAT)
    named = [
        (set(source.needs) - set(renamed(look.names, (labels or {}).get(source.format, {}))), source)
        for source in sources
        if source.needs
    ]
    fitting = [source for missing, source in named if not missing]
    reading = [source for source in fitting if look.kind in source.reads]
    if reading:
        best = max(reading, key=lambda source: len(source.needs))
        return Guess(look, best.format, f"has {', '.join(best.needs)}")
    if fitting:
        best = max(fitting, key=lambda source: len(source.needs))
        return Guess(look, None, f"looks like {best.format}, but that reads {' or '.join(best.reads)}: export it so")
    near = [(len(missing), missing, source) for missing, source in named if look.kind in source.reads]
    near = [(count, missing, source) for count, missing, source in near if count < len(source.needs)]
    if near:
        _, missing, source = min(near, key=lambda item: item[0])
        return Guess(look, None, f"nearest is {source.format}, but {', '.join(sorted(missing))} is missing")
    return Guess(look, None, "no format of ours: " + NEW_FORMAT)


def describe_guess(found: Guess, folder: Path) -> str:
    """One line for people."""
    look = found.look
    looks = f"{look.kind}, {look.fields} {COUNTED[look.kind]}" if look.kind in COUNTED else look.kind
    return f"{shown(str(look.path.relative_to(folder)))}: {looks} → {found.format or '–'} ({found.why})"


def shop_sources(journey_file: Path) -> list[Source]:
    """The sources of a shop: its own before ours."""
    return known_sources([journey_file.parent / "sources", ROOT / "sql" / "sources"])


def shop_labels(journey_file: Path) -> Labels:
    """The labels that a shop's journey.yaml maps, by format; none where the file is not there or wrong."""
    try:
        exports = load_project(journey_file).settings.exports
    except SettingsError:
        return {}
    return {file.format: file.columns for file in exports.files if file.columns}


def _record(line: str) -> dict[str, object] | None:
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
