"""What the files of a folder look like, and which format each would be read as and why: a dry run, nothing is loaded.

A format fits a file when it reads that kind of file and the file has every column (or JSON key) that the format's
`-- needs:` line names; of several that fit, the one that needs most. Not here: loading (`ingest.py`).
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pipelines.project import ROOT
from pipelines.readers.delimited import csv_header
from pipelines.readers.refusal import FileRefused
from pipelines.sources import Source, read_source

LOOKED_AT = 50
"""Lines of a JSON file whose keys are looked at."""


@dataclass(frozen=True)
class Look:
    """What a file looks like: its kind (csv, jsonl, parquet, or what is wrong with it) and its columns or keys."""

    path: Path
    kind: str
    names: tuple[str, ...] = ()


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


def guess_folder(folder: Path, sources: Sequence[Source]) -> list[Guess]:
    """A guess for each file below a folder, in the order of their names."""
    return [guess(look_at(path), sources) for path in sorted(folder.rglob("*")) if path.is_file()]


def look_at(path: Path) -> Look:
    """What a file looks like, by its first lines."""
    name = path.name.removesuffix(".gz")
    if path.stat().st_size == 0:
        return Look(path, "empty")
    if name.endswith(".parquet"):
        import duckdb

        try:
            relation = duckdb.connect().execute("describe select * from read_parquet($path)", {"path": str(path)})
            return Look(path, "parquet", tuple(row[0] for row in relation.fetchall()))
        except duckdb.Error:
            return Look(path, "not Parquet")
    try:
        opener = gzip.open if path.suffix == ".gz" else open
        with opener(path, "rt", encoding="utf-8-sig", errors="replace") as file:
            lines = [line for line, _ in zip(file, range(LOOKED_AT), strict=False) if line.strip()]
    except (OSError, EOFError):
        return Look(path, "unreadable")
    records = [record for record in map(_record, lines) if record is not None]
    if records and len(records) * 2 >= len(lines):
        return Look(path, "jsonl", tuple(dict.fromkeys(key for record in records for key in record)))
    try:
        return Look(path, "csv", tuple(csv_header(path)))
    except FileRefused:
        return Look(path, "no table")


def guess(look: Look, sources: Sequence[Source]) -> Guess:
    """The format that fits a file best."""
    candidates = [source for source in sources if look.kind in source.reads]
    fitting = [source for source in candidates if source.needs and set(source.needs) <= set(look.names)]
    if fitting:
        best = max(fitting, key=lambda source: len(source.needs))
        return Guess(look, best.format, f"has {', '.join(best.needs)}")
    near = [(set(source.needs) - set(look.names), source) for source in candidates if source.needs]
    near = [(missing, source) for missing, source in near if len(missing) < len(source.needs)]
    if near:
        missing, source = min(near, key=lambda item: len(item[0]))
        return Guess(look, None, f"nearest is {source.format}, but {', '.join(sorted(missing))} is missing")
    if look.kind in ("csv", "jsonl", "parquet"):
        return Guess(look, None, "no format of ours: write a sources/<format>.sql (docs/own-exports.md)")
    return Guess(look, None, f"{look.kind}: left out")


def describe_guess(found: Guess, folder: Path) -> str:
    """One line for people."""
    columns = {"csv": "columns", "jsonl": "keys", "parquet": "columns"}.get(found.look.kind)
    looks = f"{found.look.kind}, {len(found.look.names)} {columns}" if columns else found.look.kind
    return f"{found.look.path.relative_to(folder)}: {looks} → {found.format or '–'} ({found.why})"


def shop_sources(journey_file: Path) -> list[Source]:
    """The sources of a shop: its own before ours."""
    return known_sources([journey_file.parent / "sources", ROOT / "sql" / "sources"])


def _record(line: str) -> dict[str, object] | None:
    try:
        value = json.loads(line)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
