"""Loading export files: every row is loaded, a duplicate, or rejected with its reason, and they add up.

Here: finding files, running a source's SQL over their rows, and the accounting in `raw.loads` and
`raw.rejected_rows`. A file is loaded in one transaction, once per content, whatever its name. Not here: reading the
file itself (`file_reader.py`), what a format's columns mean (`sql/sources/`), nor which version of a row wins
(`sql/staging/`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb

from pipelines.canonical import KINDS, Kind
from pipelines.file_reader import FileRefused, columns_named, masked, read_file
from pipelines.forgotten import is_forgotten, load_forgotten
from pipelines.project import Project
from pipelines.warehouse import count_rows

LOADS = (
    "file_id text, path text, export text, format text, kind text, status text, reason text, "
    "rows_read bigint, rows_loaded bigint, rows_duplicate bigint, rows_rejected bigint, covers_until timestamp"
)
REJECTED_ROWS = "file_id text, line bigint, reason text, text text"

FORGOTTEN = "belongs to a forgotten person"
"""The reason to reject a row of somebody who asked to be forgotten; its text is not kept."""

SMALL_FILE = 20
"""Rows below which a share of rejected rows says little: such a file is never refused for it."""

EARLIEST = "2000-01-01"
"""No shop's exports reach further back: an instant before it is a wrong unit or an empty clock."""


class IngestError(Exception):
    """Nothing can be loaded. The text names the file or key, what was found and what to do."""


@dataclass(frozen=True)
class Source:
    """A format: the SQL that reads it, and what its header says."""

    format: str
    kind: Kind
    reads: str
    needs: tuple[str, ...]
    sql: str


@dataclass(frozen=True)
class Policy:
    """What holds for every file of a run: the share of bad rows it may have, and whether anybody was forgotten."""

    refuse_above: float
    has_forgotten: bool


@dataclass(frozen=True)
class Load:
    """What became of one file."""

    file_id: str
    path: str
    export: str
    format: str
    kind: str
    status: str
    reason: str | None = None
    rows_read: int = 0
    rows_loaded: int = 0
    rows_duplicate: int = 0
    rows_rejected: int = 0


def read_source(path: Path) -> Source:
    """A format's SQL file with its header.

    Raises:
        IngestError: the header lacks what the loader must know.
    """
    sql = path.read_text(encoding="utf-8")
    header = dict(re.findall(r"^-- (loads|reads|needs): (.+)$", sql, re.MULTILINE))
    kind, reads = header.get("loads", ""), header.get("reads", "")
    if kind not in KINDS:
        raise IngestError(f"{path}: expected a line '-- loads: {' | '.join(KINDS)}', found {kind!r}.")
    if reads not in ("jsonl", "csv", "parquet"):
        raise IngestError(f"{path}: expected a line '-- reads: jsonl | csv | parquet', found {reads!r}.")
    needs = tuple(name.strip() for name in header.get("needs", "").split(",") if name.strip())
    return Source(path.stem, KINDS[kind], reads, needs, sql)


def make_raw_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the `raw.*` tables that do not exist yet."""
    connection.execute(f"create table if not exists raw.loads ({LOADS})")
    connection.execute(f"create table if not exists raw.rejected_rows ({REJECTED_ROWS})")
    for kind in KINDS.values():
        columns = ", ".join(f"{column.name} {column.type}" for column in kind.columns)
        connection.execute(
            f"create table if not exists raw.{kind.name} "
            f"(file_id text, line bigint, export text, row_hash text, covers_until timestamp, {columns})"
        )


def load_exports(connection: duckdb.DuckDBPyConnection, project: Project) -> list[Load]:
    """Load every file of the exports that is not loaded yet; returns what became of each new file.

    A refused file is recorded with its reason and tried again by the next run.

    Raises:
        IngestError: no file at all, or a source whose SQL is wrong.
    """
    make_raw_tables(connection)
    known = {row[0] for row in connection.execute("select file_id from raw.loads where status = 'loaded'").fetchall()}
    connection.execute("delete from raw.loads where status = 'refused'")
    loads, seen = [], 0
    policy = Policy(project.settings.exports.refuse_above, load_forgotten(connection, project))
    for export in project.settings.exports.files:
        source = read_source(project.source_file(export.format))
        for path in sorted(project.exports_folder.glob(export.path)):
            if not path.is_file():
                continue
            seen += 1
            file_id = _content_id(path)
            if file_id not in known:
                known.add(file_id)
                name = str(path.relative_to(project.exports_folder))
                loads.append(_load_file(connection, source, export.name, path, name, file_id, policy))
    if not seen:
        patterns = ", ".join(export.path for export in project.settings.exports.files)
        raise IngestError(
            f"{project.exports_folder}: no file matches {patterns}. "
            f"Put the exports there, or correct exports.folder and the paths in {project.journey_file}."
        )
    return loads


def _load_file(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    export: str,
    path: Path,
    name: str,
    file_id: str,
    policy: Policy,
) -> Load:
    """Load one file in one transaction."""
    connection.execute("begin")
    try:
        load = _account(connection, source, export, path, name, file_id, policy)
    except FileRefused as refusal:
        connection.execute("rollback")
        load = Load(file_id, name, export, source.format, source.kind.name, "refused", str(refusal))
        _record(connection, load, None)
        return load
    except BaseException:
        connection.execute("rollback")
        raise
    connection.execute("commit")
    return load


def _account(
    connection: duckdb.DuckDBPyConnection,
    source: Source,
    export: str,
    path: Path,
    name: str,
    file_id: str,
    policy: Policy,
) -> Load:
    """Read, reject, find duplicates, insert: the sums are exact by construction and checked."""
    kind = source.kind
    read_file(connection, source.reads, source.needs, columns_named(source.sql), path)
    unreadable, parsed = count_rows(connection, "rejects"), count_rows(connection, "file_rows")
    try:
        connection.execute(f"create or replace temp table canonical as {source.sql}")
    except duckdb.Error as error:
        raise IngestError(f"sources/{source.format}.sql, reading {name}: {error}") from None
    if count_rows(connection, "canonical") != parsed:
        raise IngestError(
            f"sources/{source.format}.sql: gave {count_rows(connection, 'canonical')} rows for the {parsed} of {name}. "
            "A source gives one row per row, and names what is wrong in reject_reason."
        )
    _check(connection, source, policy)
    loaded, duplicate, covers_until = connection.execute(
        "select count(*) filter (where reason is null and not is_duplicate), "
        "count(*) filter (where reason is null and is_duplicate), max(covers_until) filter (where reason is null) "
        "from checked"
    ).fetchall()[0]
    columns = ", ".join(column.name for column in kind.columns)
    connection.execute(
        f"insert into raw.{kind.name} (file_id, line, export, row_hash, covers_until, {columns}) "
        f"select $file_id, line, $export, row_hash, $covers_until, {columns} from checked "
        "where reason is null and not is_duplicate order by line",
        {"file_id": file_id, "export": export, "covers_until": covers_until},
    )
    if kind.name != "events":
        # A re-export that repeats a row unchanged confirms it: the row is as new as the newest file that has it.
        connection.execute(
            f"update raw.{kind.name} set covers_until = $covers_until "
            "where export = $export and coalesce(covers_until, timestamp '1970-01-01') < $covers_until "
            "and row_hash in (select row_hash from checked where reason is null and is_duplicate)",
            {"export": export, "covers_until": covers_until},
        )
    connection.execute(
        "insert into rejects select c.line, c.reason, case when c.reason <> $forgotten then r.text else '' end "
        "from checked c join file_texts r using (line) where c.reason is not null",
        {"forgotten": FORGOTTEN},
    )
    connection.execute(
        "insert into raw.rejected_rows select $file_id, line, reason, left(text, 2000) from rejects order by line",
        {"file_id": file_id},
    )
    load = Load(
        file_id,
        name,
        export,
        source.format,
        kind.name,
        "loaded",
        rows_read=parsed + unreadable,
        rows_loaded=loaded,
        rows_duplicate=duplicate,
        rows_rejected=count_rows(connection, "rejects"),
    )
    if load.rows_read != load.rows_loaded + load.rows_duplicate + load.rows_rejected:
        raise IngestError(f"{name}: the rows do not add up: {load}. This is a fault of Parcours; please report it.")
    if load.rows_read >= SMALL_FILE and load.rows_rejected > policy.refuse_above * load.rows_read:
        first = connection.execute("select line, reason from rejects order by line limit 10").fetchall()
        reasons = "; ".join(f"line {line}: {reason}" for line, reason in first)
        raise FileRefused(
            f"{load.rows_rejected} of {load.rows_read} rows are rejected, over exports.refuse_above "
            f"({policy.refuse_above:g}): correct the format in journey.yaml, or the file. {reasons}"
        )
    _record(connection, load, covers_until)
    return load


def _check(connection: duckdb.DuckDBPyConnection, source: Source, policy: Policy) -> None:
    """Make `checked`: the canonical columns in their types, the first reason to reject a row, and what it repeats."""
    given = {row[0] for row in connection.execute("describe canonical").fetchall()}
    if "line" not in given:
        raise IngestError(f"sources/{source.format}.sql: expected a column `line`, as file_rows has it.")
    unknown = given - {c.name for c in source.kind.columns} - {"line", "reject_reason"}
    if unknown:
        raise IngestError(
            f"sources/{source.format}.sql: {', '.join(sorted(unknown))}: no column of {source.kind.name}. "
            f"Its columns: {', '.join(c.name for c in source.kind.columns)}."
        )
    casts, reasons = [], ["reject_reason"] if "reject_reason" in given else []
    for column in source.kind.columns:
        if column.name not in given:
            if column.required:
                raise IngestError(f"sources/{source.format}.sql: the required column {column.name} is missing.")
            casts.append(f"cast(null as {column.type}) as {column.name}")
            continue
        value = f"nullif(trim({column.name}), '')" if column.type == "text" else column.name
        if column.name == "comment":
            value = masked(value)
        casts.append(f"try_cast({value} as {column.type}) as {column.name}")
        if column.required:
            reasons.append(f"case when {value} is null then '{column.name} is missing' end")
        if column.type != "text":
            reasons.append(
                f"case when {column.name} is not null and try_cast({column.name} as {column.type}) is null "
                f"then '{column.name} is not a {column.type}: ' || {column.name} end"
            )
        if column.type == "timestamp":
            reasons.append(
                f"case when try_cast({column.name} as timestamp) < timestamp '{EARLIEST}' "
                f"then '{column.name} is impossible: ' || {column.name} end"
            )
    texts = ", ".join(f"coalesce(cast({c.name} as text), chr(1))" for c in source.kind.columns)
    whose = is_forgotten(source.kind.name) if policy.has_forgotten else "false"
    connection.execute(
        f"create or replace temp table checked as with cast_rows as (select line, "
        f"coalesce({', '.join([*reasons, 'null'])}) as first_reason, {', '.join(casts)} from canonical), "
        f"typed as (select case when {whose} then '{FORGOTTEN}' else first_reason end as reason, "
        "* exclude (first_reason) from cast_rows), "
        f"hashed as (select *, md5(concat_ws(chr(2), {texts})) as row_hash, "
        f"greatest({', '.join(source.kind.instants)}) as covers_until from typed) "
        "select *, row_number() over (partition by reason is null, row_hash order by line) > 1 "
        f"or row_hash in (select row_hash from raw.{source.kind.name}) as is_duplicate from hashed"
    )


def _record(connection: duckdb.DuckDBPyConnection, load: Load, covers_until: object) -> None:
    connection.execute(
        "insert into raw.loads values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            load.file_id,
            load.path,
            load.export,
            load.format,
            load.kind,
            load.status,
            load.reason,
            load.rows_read,
            load.rows_loaded,
            load.rows_duplicate,
            load.rows_rejected,
            covers_until,
        ],
    )


def _content_id(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def rejected_reasons(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, int]]:
    """The reasons of all rejected rows, without the values in them, most frequent first."""
    yield from connection.execute(
        "select split_part(reason, ': ', 1) as reason, count(*) from raw.rejected_rows group by all order by 2 desc, 1"
    ).fetchall()
