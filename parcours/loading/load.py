"""Loading export files: every row is loaded, a duplicate, or rejected with its reason, and they add up.

Here: finding files, running a source's SQL over their rows, and the accounting in `raw.loads` and
`raw.rejected_rows`. A file is loaded in one transaction, once per content, whatever its name. Not here: reading the
file itself (`readers/`), what a format's columns mean (`sql/sources/`), what may be wrong with any row
(`row_checks.py`), nor which version of a row wins (`sql/staging/`).
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from parcours.loading.found_files import note_found_files, note_own_columns, unmatched_files
from parcours.loading.readers import FileRefused, read_file, refuse_unreadable_parquet
from parcours.loading.repeats import note_repeats
from parcours.loading.row_checks import FORGOTTEN, SPOILT, Limits, checked_select, spoilt_reason
from parcours.loading.sources import Source, read_source
from parcours.people.forgotten import load_forgotten
from parcours.project import Project
from parcours.settings.schema import ExportFile
from parcours.warehouse.connection import count_rows, transaction
from parcours.warehouse.raw_tables import make_raw_tables
from parcours.warehouse.refresh_log import note_change, touch

SMALL_FILE = 20
"""Rows below which a share of rejected rows says little: such a file is never refused for it."""


LOADER = "parcours.loading"
"""The logger that tells what became of each file, as `load` of its records, while the next ones are read."""


class IngestError(Exception):
    """Nothing can be loaded. The text names the file or key, what was found and what to do."""


@dataclass(frozen=True)
class Run:
    """What holds for every file of a run: its number, the limits of a row, the share of bad rows a file may have."""

    load_number: int
    limits: Limits
    refuse_above: float


@dataclass(frozen=True)
class Found:
    """A file that is not loaded yet, and how it is to be read."""

    path: Path
    name: str
    file_id: str
    export: ExportFile
    source: Source

    @property
    def file_order(self) -> str:
        """Sorts files as people read their names: 9 before 10, `orders` before `orders (1)`."""
        return _natural(re.sub(r"(\.[A-Za-z]+)+$", "", self.name))


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


def load_exports(connection: duckdb.DuckDBPyConnection, project: Project) -> list[Load]:
    """Load every file of the exports that is not loaded yet; returns what became of each new file.

    A refused file is recorded with its reason and tried again by the next run.

    Raises:
        IngestError: no file at all, or a source whose SQL is wrong.
        SourceError: a source whose header is wrong.
    """
    make_raw_tables(connection)
    known = dict(connection.execute("select file_id, file_order from raw.loads where status = 'loaded'").fetchall())
    unloaded = connection.execute("select file_id from raw.loads where status = 'unloaded'").fetchall()
    tried = connection.execute("delete from raw.loads where status = 'refused'").fetchall()[0][0]
    last = connection.execute("select coalesce(max(load_number), 0) from raw.loads").fetchall()[0][0]
    run = Run(last + 1, row_limits(connection, project), project.settings.exports.refuse_above)
    loads: list[Load] = []
    exports: dict[str, list[str]] = {}
    for file in find_files(project):
        exports.setdefault(file.name, []).append(file.export.name)
        if (file.file_id,) in unloaded:
            continue
        if file.file_id not in known:
            load = _load_file(connection, file, run)
            loads.append(load)
            logging.getLogger(LOADER).info("%s: %s", load.path, load.status, extra={"load": load})
            if load.status == "loaded":
                known[file.file_id] = file.file_order
        elif _stands_for(file, known[file.file_id]):
            _confirm_file(connection, file, run)
            known[file.file_id] = file.file_order
    if loads or tried:
        for table in ("loads", "rejected_rows", "repeated_rows", "observed_names"):
            note_change(connection, f"raw.{table}")
    note_found_files(connection, project, exports)
    note_own_columns(connection, project)
    if not exports:
        raise IngestError(_nothing_found(connection, project))
    return loads


def _nothing_found(connection: duckdb.DuckDBPyConnection, project: Project) -> str:
    """Why there is no file to load, and what to do."""
    folder = project.exports_folder
    correct = f"correct exports.folder in {project.journey_file}"
    if not folder.is_dir():
        return f"{folder}: no such folder. Make it and put the exports there, or {correct}."
    patterns = ", ".join(export.path for export in project.settings.exports.files)
    there = unmatched_files(connection)
    what = f"none of its {len(there):,} files (the first: {there[0]}) matches" if there else "is empty; expected"
    return f"{folder}: {what} {patterns}. Put the exports there, or {correct} and the paths of exports.files."


def row_limits(connection: duckdb.DuckDBPyConnection, project: Project) -> Limits:
    """What holds for every row of this run; fills the table of the forgotten."""
    tomorrow = datetime.now(UTC).replace(tzinfo=None, microsecond=0) + timedelta(days=1)
    return Limits(project.settings.shop.opened_on, tomorrow, load_forgotten(connection, project))


def find_files(project: Project) -> Iterator[Found]:
    """Every file of the exports, loaded or not, in the order of journey.yaml and of the names.

    Raises:
        SourceError: a source whose header is wrong.
    """
    for export in project.settings.exports.files:
        source = read_source(project.source_file(export.format))
        for path in sorted(project.exports_folder.glob(export.path)):
            name = str(path.relative_to(project.exports_folder))
            yield Found(path, name, f"directory {name}" if path.is_dir() else content_id(path), export, source)


def _load_file(connection: duckdb.DuckDBPyConnection, file: Found, run: Run) -> Load:
    """Load one file in one transaction."""
    try:
        # Reading makes temporary tables only, and numbers lines by rowid, which counts from 0 outside a transaction.
        reads = read_file(connection, file.source, file.path, file.export.columns)
        with transaction(connection):
            load = _account(connection, file, run, reads)
    except FileRefused as refusal:
        kind = file.source.kind.name
        load = Load(file.file_id, file.name, file.export.name, file.source.format, kind, "refused", str(refusal))
        _record(connection, load, file, run, None)
    return load


def _stands_for(file: Found, file_order: str) -> bool:
    """Whether a file says more of its content's age than another name of it: events are as old as the first file that
    has them, all else is as new as the last."""
    return file.file_order < file_order if file.source.kind.name == "events" else file.file_order > file_order


def _confirm_file(connection: duckdb.DuckDBPyConnection, file: Found, run: Run) -> None:
    """A content seen again under a name that says more of its age, whichever of the two was met first."""
    reads = read_file(connection, file.source, file.path, file.export.columns)
    with transaction(connection):
        check_rows(connection, file, run.limits, reads)
        _note_known(connection, file)
        if _confirm_known(connection, file, _reaches(connection)):
            _touch_loaded(connection, file, set(), 1)
        connection.execute(
            "update raw.loads set file_order = $file_order where file_id = $file_id",
            {"file_order": file.file_order, "file_id": file.file_id},
        )
        note_change(connection, "raw.loads")


def _account(connection: duckdb.DuckDBPyConnection, file: Found, run: Run, reads: str) -> Load:
    """Reject, find duplicates, insert: the sums are exact by construction and checked."""
    unreadable, parsed = count_rows(connection, "rejects"), count_rows(connection, "file_rows")
    given = check_rows(connection, file, run.limits, reads)
    if count_rows(connection, "checked") != parsed:
        raise IngestError(
            f"sources/{file.source.format}.sql: gave {count_rows(connection, 'checked')} rows for the {parsed} of "
            f"{file.name}. A source gives one row per row, and names what is wrong in reject_reason."
        )
    sound, covers_until = count_rows(connection, "checked where reason is null"), _reaches(connection)
    if "delivery" in given:
        _replace_in_place(connection, file)
    _note_known(connection, file)
    loaded = _insert(connection, file, given, covers_until)
    if count_rows(connection, "loaded_before"):
        note_repeats(
            connection,
            file.source.kind,
            f"select '{file.file_id}' as file_id, * exclude (reason) from checked "
            "where reason is null and row_hash in (select row_hash from loaded_before)",
        )
    confirmed = _confirm_known(connection, file, covers_until)
    _touch_loaded(connection, file, given, confirmed)
    if sound < parsed:
        _reject(connection)
    connection.execute(
        "insert into raw.rejected_rows select $file_id, line, reason, text from rejects order by line",
        {"file_id": file.file_id},
    )
    load = Load(
        file.file_id,
        file.name,
        file.export.name,
        file.source.format,
        file.source.kind.name,
        "loaded",
        rows_read=parsed + unreadable,
        rows_loaded=loaded,
        rows_duplicate=sound - loaded,
        rows_rejected=count_rows(connection, "rejects"),
    )
    if load.rows_read != load.rows_loaded + load.rows_duplicate + load.rows_rejected:
        raise IngestError(
            f"{file.name}: the rows do not add up: {load}. This is a fault of Parcours; please report it."
        )
    if load.rows_read >= SMALL_FILE and load.rows_rejected > run.refuse_above * load.rows_read:
        first = connection.execute("select line, reason from rejects order by line limit 10").fetchall()
        reasons = "; ".join(f"line {line}: {reason}" for line, reason in first)
        raise FileRefused(
            f"{load.rows_rejected} of {load.rows_read} rows are rejected, over exports.refuse_above "
            f"({run.refuse_above:g}): correct the format in journey.yaml, or the file. {reasons}"
        )
    _observe_names(connection, file)
    _record(connection, load, file, run, covers_until)
    return load


def _reject(connection: duckdb.DuckDBPyConnection) -> None:
    """Add the rows of `checked` that have a reason to `rejects`."""
    connection.execute(
        "insert into rejects select c.line, c.reason, case when c.reason <> $forgotten then r.text else '' end "
        "from (select line, reason from checked where reason is not null) c join file_texts r using (line)",
        {"forgotten": FORGOTTEN},
    )


def check_rows(connection: duckdb.DuckDBPyConnection, file: Found, limits: Limits, reads: str) -> set[str]:
    """Make `checked`: the canonical columns in their types, and the first reason to reject a row.

    Returns the columns that the source gives.
    """
    connection.execute(
        "create or replace temp table this_file as select $name as name, $folder_order as folder_order",
        {"name": file.path.name, "folder_order": _natural(str(Path(file.name).parent))},
    )
    source = file.source
    where = f"sources/{source.format}.sql"
    try:
        given = {row[0] for row in connection.execute(f"describe {source.sql}").fetchall()}
    except duckdb.Error as error:
        raise IngestError(f"{where}, reading {file.name}: {error}") from None
    if "line" not in given:
        raise IngestError(f"{where}: expected a column `line`, as file_rows has it.")
    columns = [column.name for column in source.kind.columns]
    if unknown := given - {*columns, "line", "reject_reason"}:
        raise IngestError(
            f"{where}: {', '.join(sorted(unknown))}: no column of {source.kind.name}. "
            f"Its columns: {', '.join(columns)}."
        )
    if missing := {column.name for column in source.kind.columns if column.required} - given:
        raise IngestError(f"{where}: the required column {', '.join(sorted(missing))} is missing.")
    try:
        connection.execute(
            f"create or replace temp table checked as {checked_select(source.kind, given, source.sql, limits)}"
        )
        if count_rows(connection, f"checked where reason = '{SPOILT}'"):
            connection.execute(
                f"update checked set reason = {spoilt_reason(source.kind, given)} where reason = '{SPOILT}'"
            )
    except duckdb.Error as error:
        if reads == "parquet":
            refuse_unreadable_parquet(connection, file.path)
        raise IngestError(f"{where}, reading {file.name}: {error}") from None
    return given


def _reaches(connection: duckdb.DuckDBPyConnection) -> datetime | None:
    """The latest instant of the sound rows: how far in time their file reaches."""
    latest = connection.execute("select max(covers_until) from checked where reason is null").fetchall()[0][0]
    return latest if isinstance(latest, datetime) else None


def _note_known(connection: duckdb.DuckDBPyConnection, file: Found) -> None:
    """Make `repeated` (contents that come again within the file) and `loaded_before` (those that are loaded already).

    Both are small: a file is checked against all that is loaded by one pass over the hashes. Equal events have equal
    times, by which DuckDB skips what lies outside the file's.
    """
    kind = file.source.kind.name
    same_time = "and loaded.occurred_at = checked.occurred_at " if kind == "events" else ""
    connection.execute(
        "create or replace temp table repeated as select row_hash, min(line) as first_line from checked "
        "where reason is null group by row_hash having count(*) > 1"
    )
    connection.execute(
        f"create or replace temp table loaded_before as select distinct loaded.row_hash from raw.{kind} as loaded "
        f"inner join checked on loaded.row_hash = checked.row_hash {same_time}where checked.reason is null"
    )


def _insert(connection: duckdb.DuckDBPyConnection, file: Found, given: set[str], covers_until: datetime | None) -> int:
    """Insert the sound rows that are new, each content once; returns how many."""
    kind = file.source.kind
    columns = ", ".join(column.name for column in kind.columns if column.name in given)
    new = ["reason is null"]
    # A test that nothing can fail costs a pass over the file.
    if count_rows(connection, "repeated"):
        new.append(
            "(checked.row_hash not in (select row_hash from repeated) or line in (select first_line from repeated))"
        )
    if count_rows(connection, "loaded_before"):
        new.append("checked.row_hash not in (select row_hash from loaded_before)")
    inserted = connection.execute(
        f"insert into raw.{kind.name} (file_id, line, export, row_hash, covers_until, file_order, {columns}) "
        f"select $file_id, line, $export, checked.row_hash, $covers_until, $file_order, {columns} from checked "
        f"where {' and '.join(new)}",
        {
            "file_id": file.file_id,
            "export": file.export.name,
            "covers_until": covers_until,
            "file_order": file.file_order,
        },
    ).fetchall()[0][0]
    return int(inserted)


def _touch_loaded(connection: duckdb.DuckDBPyConnection, file: Found, given: set[str], confirmed: int) -> None:
    """Note what of `raw.*` the file changed, for the tables that are built from it."""
    kind, key = file.source.kind.name, file.source.kind.key
    changed = f"select {key} from raw.{kind} where file_id = $file_id"
    values = {"file_id": file.file_id}
    if confirmed:
        # A row that no other contradicts stands, however new it is: a CRM exports every contact each night.
        changed += (
            f" union all select {key} from raw.{kind} where {key} in "
            f"(select {key} from checked where row_hash in (select row_hash from loaded_before)) "
            f"group by {key} having count(*) > 1"
        )
    if "part" in given:
        # A new delivery takes the place of the part's earlier ones.
        changed += (
            f" union all select {key} from raw.{kind} "
            f"where part in (select part from raw.{kind} where file_id = $file_id)"
        )
    touch(connection, f"raw.{kind}", key, changed, values)


def _confirm_known(connection: duckdb.DuckDBPyConnection, file: Found, covers_until: datetime | None) -> int:
    """A re-export that repeats a row unchanged confirms it: the row is as new as the newest file that has it; how many.

    An event happened once: its row is as old as the first file that has it.
    """
    if not count_rows(connection, "loaded_before"):
        return 0
    kind = file.source.kind.name
    says_more = (
        "file_order > $file_order"
        if kind == "events"
        else "(coalesce(covers_until, timestamp '1970-01-01'), file_order) "
        "< (coalesce($covers_until, timestamp '1970-01-01'), $file_order)"
    )
    confirmed = connection.execute(
        f"update raw.{kind} set covers_until = $covers_until, file_order = $file_order where export = $export "
        f"and row_hash in (select row_hash from loaded_before) and {says_more}",
        {"export": file.export.name, "covers_until": covers_until, "file_order": file.file_order},
    ).fetchall()[0][0]
    return int(confirmed)


def _replace_in_place(connection: duckdb.DuckDBPyConnection, file: Found) -> None:
    """Where a source restates parts: those that a file written again delivers take the place of its earlier ones.

    Parts that the new content lacks stay: a file may hold another day each night.
    """
    values = {"path": file.name, "file_id": file.file_id}
    earlier = "select file_id from raw.loads where path = $path and file_id <> $file_id and status = 'loaded'"
    kind, key = file.source.kind.name, file.source.kind.key
    gone = f"from raw.{kind} where file_id in ({earlier}) and part in (select part from checked where reason is null)"
    touch(connection, f"raw.{kind}", key, f"select {key} {gone}", values)
    replaced = connection.execute(f"delete {gone}", values).fetchall()[0][0]
    if replaced:
        connection.execute(f"update raw.loads set status = 'replaced' where file_id in ({earlier})", values)


def _observe_names(connection: duckdb.DuckDBPyConnection, file: Found) -> None:
    """Note the names of the file's columns or keys, and of its events."""
    events = "union all select 'event', event_name, count(*) from checked where reason is null group by event_name"
    connection.execute(
        "insert into raw.observed_names select $file_id, $export, what, name, rows from ("
        "select 'column' as what, name, count(*) as rows from file_names group by name "
        f"{events if file.source.kind.name == 'events' else ''})",
        {"file_id": file.file_id, "export": file.export.name},
    )


def _record(
    connection: duckdb.DuckDBPyConnection, load: Load, file: Found, run: Run, covers_until: datetime | None
) -> None:
    told = {"file_order": file.file_order, "load_number": run.load_number, "covers_until": covers_until}
    row = asdict(load) | told
    connection.execute(
        f"insert into raw.loads ({', '.join(row)}) values ({', '.join('?' * len(row))})", [*row.values()]
    )


def _natural(name: str) -> str:
    """A name that sorts as text where the name sorts by its numbers."""
    return re.sub(r"\d+", lambda digits: digits[0].zfill(20), name)


def content_id(path: Path) -> str:
    """What tells a file's content from another."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def rejected_reasons(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, int]]:
    """The reasons of all rejected rows, without the values in them, most frequent first."""
    yield from connection.execute(
        "select split_part(reason, ': ', 1) as reason, count(*) from raw.rejected_rows group by all order by 2 desc, 1"
    ).fetchall()
