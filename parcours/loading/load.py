"""Loading export files: every row is loaded, a duplicate, or rejected with its reason, and they add up.

Here: running a source's SQL over the rows of files, and the accounting in `raw.loads` and `raw.rejected_rows`. Files
are loaded together, in one transaction; one that can't be read or holds too much that is wrong is refused and does
not take the others with it. Not here: finding the files (`files.py`), which are known (`known_files.py`) and
which go together (`together.py`), reading them (`readers/`), what a format's columns mean (`sql/sources/`), what may be
wrong with any row (`row_checks.py`), which rows are loaded already (`duplicates.py`), nor which version of a row wins
(`sql/staging/`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb

from parcours.loading.duplicates import confirm, find_duplicates
from parcours.loading.files import Found, find_files, natural, read_exports
from parcours.loading.found_files import note_found_files, note_own_columns, unmatched_files
from parcours.loading.known_files import KnownFiles, beside
from parcours.loading.namespaces import note_namespaces
from parcours.loading.personal import hide_personal_data
from parcours.loading.read_again import take_back_outdated
from parcours.loading.readers import FileRefused, read_files, refuse_unreadable_parquet, without_values
from parcours.loading.readers.lines import FILE_NUMBER, LINE_IN_FILE
from parcours.loading.readers.masking import masked, masked_text
from parcours.loading.readers.refusal import not_opened
from parcours.loading.repeats import note_repeats
from parcours.loading.row_checks import (
    FORGOTTEN,
    LONGEST,
    SMALL_FILE,
    SPOILT,
    Limits,
    checked_select,
    spoilt_reason,
)
from parcours.loading.sources import Source
from parcours.loading.together import may_join
from parcours.people.forgotten import is_forgotten, load_forgotten, pseudonyms
from parcours.project import Project
from parcours.warehouse.connection import count_rows, text_literal, transaction
from parcours.warehouse.personal_values import MAY_BE_PERSONAL
from parcours.warehouse.raw_tables import make_raw_tables
from parcours.warehouse.refresh_log import note_change, touch
from parcours.warehouse.rows import insert_rows

SHOWN_REASONS = 5
"""Why rows of a refused file are rejected: so many reasons are named, without the values of the rows."""

CHANGED = "was changed while it was read; the next run reads it anew, once it is written whole"
"""Why a file is refused that is another one at the end of its loading."""

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
    covers_until: datetime | None = None


def tell(text: str) -> None:
    """Say to whoever listens to the loader, as `said` of its records."""
    logging.getLogger(LOADER).info(text, extra={"said": text})


def load_exports(
    connection: duckdb.DuckDBPyConnection, project: Project, say: Callable[[str], None] = tell
) -> list[Load]:
    """Load every file of the exports that is not loaded yet; returns what became of each new file.

    A refused file is recorded with its reason and tried again by the next run. One that was read with other settings
    than now is read again, and one that no export reads any more is taken back (`read_again.py`).

    Args:
        connection: the warehouse, with the settings of now.
        project: the shop.
        say: is told what is taken back.

    Raises:
        IngestError: no file at all, or a source whose SQL is wrong.
        OtherExports: the folder is another shop's.
        SourceError: a source whose header is wrong.
    """
    make_raw_tables(connection)
    readings = read_exports(project)
    files = [*find_files(project, readings)]
    take_back_outdated(connection, project, readings, files, say)
    known = KnownFiles(connection, project.exports_folder)
    tried = connection.execute("delete from raw.loads where status = 'refused'").fetchall()[0][0]
    last = connection.execute("select coalesce(max(load_number), 0) from raw.loads").fetchall()[0][0]
    run = Run(last + 1, row_limits(connection, project), project.settings.exports.refuse_above)
    loads: list[Load] = []
    exports: dict[str, list[str]] = {}
    waiting: list[Found] = []

    def load_waiting() -> None:
        for load in _load_files(connection, waiting, run) if waiting else []:
            note_load(load)
        waiting.clear()

    def note_load(load: Load) -> None:
        loads.append(load)
        logging.getLogger(LOADER).info("%s: %s", load.path, load.status, extra={"load": load})

    for file in files:
        exports.setdefault(file.name, []).append(file.export.name)
        if new := known.new(file):
            if not may_join(waiting, new):
                load_waiting()
            waiting.append(new)
        elif known.says_more(file):
            load_waiting()
            if refused := _confirm_file(connection, file, run):
                note_load(refused)
    load_waiting()
    if loads or tried:
        for table in ("loads", "rejected_rows", "repeated_rows", "observed_names"):
            note_change(connection, f"raw.{table}")
    note_found_files(connection, project, exports)
    note_own_columns(connection, project)
    note_namespaces(connection, [(reading.export, reading.source, reading.namespace) for reading in readings])
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


def _load_files(connection: duckdb.DuckDBPyConnection, files: Sequence[Found], run: Run) -> list[Load]:
    """Load files in one transaction; those that can't, in two: one that is refused ends alone."""
    try:
        # Reading makes temporary tables only, and numbers lines by rowid, which counts from 0 outside a transaction.
        reads = read_rows(connection, files)
        with transaction(connection):
            loads = _account(connection, files, run, reads)
            if changed := [file.path for file in files if not file.is_unchanged()]:
                raise FileRefused(CHANGED, dict.fromkeys(changed, CHANGED))
            _record(connection, loads, files, run)
    except (FileRefused, IngestError) as refusal:
        reasons = refusal.reasons if isinstance(refusal, FileRefused) else {}
        if len(files) > 1 and not reasons:
            middle = len(files) // 2
            return _load_files(connection, files[:middle], run) + _load_files(connection, files[middle:], run)
        if isinstance(refusal, IngestError):
            raise
        return _refuse_some(connection, files, {files[0].path: str(refusal)} if len(files) == 1 else reasons, run)
    return loads


def _refuse_some(
    connection: duckdb.DuckDBPyConnection, files: Sequence[Found], reasons: Mapping[Path, str], run: Run
) -> list[Load]:
    """Record those of some files that are refused, with their reasons, and load the others."""
    refused = {file.path: _refused(connection, file, reasons[file.path]) for file in files if file.path in reasons}
    with transaction(connection):
        _record(connection, [*refused.values()], [file for file in files if file.path in refused], run)
    others = [file for file in files if file.path not in refused]
    loaded = {load.path: load for load in (_load_files(connection, others, run) if others else [])}
    return [refused[file.path] if file.path in refused else loaded[file.name] for file in files]


def read_rows(connection: duckdb.DuckDBPyConnection, files: Sequence[Found]) -> str:
    """Make the function `this_file`, and read the files' rows; returns the kind of files they are."""
    if faults := {file.path: file.fault for file in files if file.fault}:
        raise FileRefused(next(iter(faults.values())), faults)
    named = [
        f"{{'name': {text_literal(file.path.name)}, "
        f"'folder_order': {text_literal(natural(str(Path(file.name).parent)))}}}"
        for file in files
    ]
    connection.execute(
        f"create or replace temp macro this_file(file_number) as ([{', '.join(named)}])[file_number + 1]"
    )
    export, source = files[0].export, files[0].source
    try:
        return read_files(connection, source, [file.path for file in files], export.columns)
    except OSError as error:
        raise FileRefused(not_opened(error)) from None


def _confirm_file(connection: duckdb.DuckDBPyConnection, file: Found, run: Run) -> Load | None:
    """A content seen again under a name that says more of its age, whichever of the two was met first; the load of a
    file that can't be read under that name."""
    kind = file.source.kind
    try:
        reads = read_rows(connection, [file])
    except FileRefused as refusal:
        refused = _refused(connection, beside(file), str(refusal))
        with transaction(connection):
            _record(connection, [refused], [file], run)
        return refused
    with transaction(connection):
        check_rows(connection, [file], run.limits, reads)
        _tally(connection, [file])
        find_duplicates(connection, kind)
        if confirmed := confirm(connection, kind, file.export.name):
            _touch_loaded(connection, file.source, set(), confirmed)
        connection.execute(
            "update raw.loads set file_order = $file_order where file_id = $file_id",
            {"file_order": file.file_order, "file_id": file.file_id},
        )
        note_change(connection, "raw.loads")
    return None


def _account(connection: duckdb.DuckDBPyConnection, files: Sequence[Found], run: Run, reads: str) -> list[Load]:
    """Reject, find duplicates, insert: the sums are exact by construction and checked."""
    export, source, parsed = files[0].export, files[0].source, count_rows(connection, "file_rows")
    given = check_rows(connection, files, run.limits, reads)
    if count_rows(connection, "checked") != parsed:
        raise IngestError(
            f"sources/{source.format}.sql: gave {count_rows(connection, 'checked')} rows for the {parsed} of "
            f"{files[0].name}. A source gives one row per row, and names what is wrong in reject_reason."
        )
    _reject(connection)
    _tally(connection, files)
    refused = _refuse(connection, files, run.refuse_above)
    if len(refused) == len(files):
        return [*refused.values()]
    if "delivery" in given:
        _replace_in_place(connection, source)
    find_duplicates(connection, source.kind)
    inserted = _insert(connection, source, export.name, given)
    note_repeats(connection, source.kind)
    _touch_loaded(connection, source, given, confirm(connection, source.kind, export.name))
    _keep_rejected(connection, files[0], given)
    _observe_names(connection, source, export.name)
    counts = connection.execute(
        "select file_number, rows_read, rows_read - rows_rejected - repeats as loaded, repeats, "
        "rows_rejected, covers_until from ("
        "select *, coalesce(count, 0) as repeats from loading_files left join ("
        f"select {FILE_NUMBER} as file_number, count(*) as count from duplicates group by all) using (file_number))"
    ).fetchall()
    loaded = {number: _loaded(files[number], *rows) for number, *rows in counts}
    if inserted != sum(load.rows_loaded for load in loaded.values()):
        raise IngestError(
            f"{files[0].name}: the rows do not add up: {inserted} are inserted. "
            "This is a fault of Parcours; please report it."
        )
    return [load for _, load in sorted((loaded | refused).items())]


def _loaded(file: Found, *counted: Any) -> Load:
    kind = file.source.kind.name
    return Load(file.file_id, file.name, file.export.name, file.source.format, kind, "loaded", None, *counted)


def _refused(connection: duckdb.DuckDBPyConnection, file: Found, reason: str) -> Load:
    kind, shown = file.source.kind.name, masked_text(connection, reason)
    return Load(file.file_id, file.name, file.export.name, file.source.format, kind, "refused", shown)


def _tally(connection: duckdb.DuckDBPyConnection, files: Sequence[Found]) -> None:
    """Make `loading_files`: of each file how many rows it has, how far in time they reach, and which says most.

    Of files that repeat a row the last says most, the one that reaches furthest; of events the first.
    """
    age = "coalesce(covers_until, timestamp '1970-01-01') desc, file_order desc, file_number"
    connection.execute(
        "create or replace temp table loading_files as select *, row_number() over (order by "
        f"{'file_order, file_number' if files[0].source.kind.name == 'events' else age}) as says_most from ("
        "select file_number, file_id, file_order, path, covers_until, "
        "coalesce(sound, 0) + coalesce(wrong, 0) as rows_read, coalesce(wrong, 0) as rows_rejected from ("
        "select generate_subscripts($ids, 1) - 1 as file_number, unnest($ids) as file_id, "
        "unnest($orders) as file_order, unnest($paths) as path) "
        f"left join (select {FILE_NUMBER} as file_number, count(*) as sound, max(covers_until) as covers_until "
        "from checked where reason is null group by all) using (file_number) "
        f"left join (select {FILE_NUMBER} as file_number, count(*) as wrong from rejects group by all) "
        "using (file_number))",
        {
            "ids": [file.file_id for file in files],
            "orders": [file.file_order for file in files],
            "paths": [file.name for file in files],
        },
    )


def _refuse(connection: duckdb.DuckDBPyConnection, files: Sequence[Found], refuse_above: float) -> dict[int, Load]:
    """Take out the files of which too many rows are rejected; returns them by their number."""
    too_many = connection.execute(
        "select file_number, rows_rejected, rows_read from loading_files "
        "where rows_read >= $small and rows_rejected > $share * rows_read",
        {"small": SMALL_FILE, "share": refuse_above},
    ).fetchall()
    refused = {}
    for number, rejected, read in too_many:
        why = connection.execute(
            f"select split_part(reason, ': ', 1), count(*), min({LINE_IN_FILE}) from rejects "
            f"where {FILE_NUMBER} = $number group by 1 order by 2 desc, 3 limit {SHOWN_REASONS}",
            {"number": number},
        ).fetchall()
        reasons = "; ".join(f"{reason} ({count:,}, the first in line {line:,})" for reason, count, line in why)
        refused[number] = _refused(
            connection,
            files[number],
            f"{rejected:,} of {read:,} rows are rejected, over exports.refuse_above ({refuse_above:g}): {reasons}. "
            "Correct the format in journey.yaml, or the file",
        )
    if refused:
        for table, number in (("checked", FILE_NUMBER), ("rejects", FILE_NUMBER), ("loading_files", "file_number")):
            connection.execute(f"delete from {table} where list_contains($refused, {number})", {"refused": [*refused]})
    return refused


def _reject(connection: duckdb.DuckDBPyConnection) -> None:
    """Add the rows of `checked` that have a reason to `rejects`."""
    # Their texts are a second pass over the files.
    if not count_rows(connection, "checked where reason is not null"):
        return
    connection.execute(
        "insert into rejects select c.line, c.reason, case when c.reason <> $forgotten then r.text else '' end "
        "from (select line, reason from checked where reason is not null) c join file_texts r using (line)",
        {"forgotten": FORGOTTEN},
    )


def _keep_rejected(connection: duckdb.DuckDBPyConnection, file: Found, given: set[str]) -> None:
    """Store the rejected rows, with the pseudonyms of whom they name: so they go, if one of these is forgotten."""
    if not count_rows(connection, "rejects"):
        return  # before the many patterns of `masked` are made ready
    named = pseudonyms(file.source.kind.name, given, file.reading.namespace)
    connection.execute(
        f"insert into raw.rejected_rows select file_id, {LINE_IN_FILE}, {masked('rejects.reason')}, "
        f"{masked(f'left(kept_text(rejects.text), {LONGEST})')}, named "
        f"from rejects inner join loading_files on file_number = {FILE_NUMBER} "
        f"left join (select line, {named} as named from checked "
        "where reason is not null) using (line) order by line"
    )


def check_rows(connection: duckdb.DuckDBPyConnection, files: Sequence[Found], limits: Limits, reads: str) -> set[str]:
    """Make `checked`: the canonical columns in their types, and the first reason to reject a row.

    Returns the columns that the source gives.
    """
    file, source = files[0], files[0].source
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
            "create or replace temp table checked as "
            + checked_select(source.kind, given, source.sql, limits, file.reading.namespace)
        )
        if count_rows(connection, f"checked where reason = '{SPOILT}'"):
            connection.execute(
                f"update checked set reason = {spoilt_reason(source.kind, given)} where reason = '{SPOILT}'"
            )
    except duckdb.Error as error:
        if reads == "parquet":
            refuse_unreadable_parquet(connection, [file.path for file in files])
        raise IngestError(f"{where}, reading {file.name}: {without_values(error)}") from None
    hide_personal_data(connection, source.kind, given)
    if limits.has_forgotten:
        whose = is_forgotten(source.kind.name, given, file.reading.namespace)
        connection.execute(f"update checked set reason = $forgotten where {whose}", {"forgotten": FORGOTTEN})
    return given


def _insert(connection: duckdb.DuckDBPyConnection, source: Source, export: str, given: set[str]) -> int:
    """Insert the sound rows that are new; returns how many."""
    columns = ", ".join(column.name for column in source.kind.columns if column.name in given)
    new = "and line not in (select line from duplicates)" if count_rows(connection, "duplicates") else ""
    files = connection.execute(
        "select count(*), list(file_id order by file_number), list(covers_until order by file_number), "
        "list(file_order order by file_number), list(file_number order by file_number) from loading_files"
    ).fetchall()
    count, ids, reach, orders, numbers = files[0]
    # Lists, not a join, which DuckDB would read on one core to keep the order.
    place = "1" if count == 1 else f"list_position($numbers, {FILE_NUMBER})"
    inserted = connection.execute(
        f"insert into raw.{source.kind.name} (file_id, line, export, row_hash, covers_until, file_order, {columns}) "
        f"select $ids[{place}], {LINE_IN_FILE}, $export, row_hash, cast($reach as timestamp[])[{place}], "
        f"$orders[{place}], {columns} from checked where reason is null {new}",
        {"ids": ids, "reach": reach, "orders": orders, "export": export} | ({} if count == 1 else {"numbers": numbers}),
    ).fetchall()[0][0]
    return int(inserted)


def _touch_loaded(connection: duckdb.DuckDBPyConnection, source: Source, given: set[str], confirmed: int) -> None:
    """Note what of `raw.*` the files changed, for the tables that are built from it."""
    kind, key, loaded = source.kind.name, source.kind.key, "file_id in (select file_id from loading_files)"
    changed = f"select {key} from raw.{kind} where {loaded}"
    if confirmed:
        # A row that no other contradicts stands, however new it is: a CRM exports every contact each night.
        changed += (
            f" union all select {key} from raw.{kind} where {key} in "
            f"(select {key} from checked where row_hash in (select row_hash from loaded_before)) "
            f"group by {key} having count(*) > 1"
        )
    if "part" in given:
        # A new delivery takes the place of the part's earlier ones.
        changed += f" union all select {key} from raw.{kind} where part in (select part from raw.{kind} where {loaded})"
    touch(connection, f"raw.{kind}", key, changed)


def _replace_in_place(connection: duckdb.DuckDBPyConnection, source: Source) -> None:
    """Where a source restates parts: those that a file written again delivers take the place of its earlier ones.

    Parts that the new content lacks stay: a file may hold another day each night.
    """
    kind, key = source.kind.name, source.kind.key
    connection.execute(
        "create or replace temp table written_again as select earlier.file_id, earlier.path, f.file_number "
        "from raw.loads as earlier inner join loading_files as f on earlier.path = f.path "
        "where earlier.status = 'loaded' and earlier.file_id <> f.file_id and earlier.format = $format",
        {"format": source.format},
    )
    if not count_rows(connection, "written_again"):
        return
    gone = (
        f"from raw.{kind} where (file_id, part) in (select w.file_id, part from checked "
        f"inner join written_again as w on w.file_number = {FILE_NUMBER} where reason is null)"
    )
    replaced = connection.execute(f"select distinct file_id {gone}").fetchall()
    touch(connection, f"raw.{kind}", key, f"select {key} {gone}")
    connection.execute(f"delete {gone}")
    connection.execute(
        "update raw.loads set status = 'replaced' where file_id in (select file_id from written_again "
        "where path in (select path from written_again where list_contains($replaced, file_id)))",
        {"replaced": [file_id for (file_id,) in replaced]},
    )


def _observe_names(connection: duckdb.DuckDBPyConnection, source: Source, export: str) -> None:
    """Note the names of the files' columns or keys, and of their events."""
    events = (
        f"union all select {FILE_NUMBER}, 'event', event_name, count(*) from checked where reason is null group by all"
    )
    connection.execute(
        "create or replace temp table names_seen as "
        "select file_number, 'column' as what, name, count(*) as rows from file_names group by all "
        f"{events if source.kind.name == 'events' else ''}"
    )
    may_be_personal = f"regexp_matches(name, {text_literal(MAY_BE_PERSONAL)})"  # keys may be addresses
    hides = count_rows(connection, f"names_seen where {may_be_personal}")
    shown = f"case when {may_be_personal} then {masked('name')} else name end" if hides else "name"
    connection.execute(
        f"insert into raw.observed_names select file_id, $export, what, {shown}, sum(rows) "
        "from names_seen inner join loading_files using (file_number) group by all",
        {"export": export},
    )


def _record(connection: duckdb.DuckDBPyConnection, loads: Sequence[Load], files: Sequence[Found], run: Run) -> None:
    rows = [
        asdict(load)
        | {"file_order": file.file_order, "load_number": run.load_number, "read_with": file.reading.read_with}
        for load, file in zip(loads, files, strict=True)
    ]
    insert_rows(connection, f"raw.loads ({', '.join(rows[0])})", [[*row.values()] for row in rows])
    note_change(connection, "raw.loads")  # now: what a run that is killed further on leaves must not be published


def rejected_reasons(connection: duckdb.DuckDBPyConnection) -> Iterator[tuple[str, int]]:
    """The reasons of all rejected rows, without the values in them, most frequent first."""
    yield from connection.execute(
        "select split_part(reason, ': ', 1) as reason, count(*) from raw.rejected_rows group by all order by 2 desc, 1"
    ).fetchall()
