"""Loading export files: which ones, together or apart, in which transaction, and what became of each in `raw.loads`.

Files are loaded together, in one transaction; one that can't be read or holds too much that is wrong is refused and
does not take the others with it. Not here: finding the files (`files.py`), which are known (`known_files.py`) and
which go together (`together.py`), reading them (`readers/`), what a format's columns mean (`sql/sources/`), what
becomes of their rows (`accounting.py`), nor which version of a row wins (`sql/staging/`).
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb

from parcours.loading.accounting import IngestError, Load, Run, account, check_rows, refused_load, tally, touch_loaded
from parcours.loading.currency_rates import write_currency_rates
from parcours.loading.duplicates import confirm, find_duplicates
from parcours.loading.files import Found, find_files, natural, read_exports
from parcours.loading.found_files import note_found_files, note_own_columns, unmatched_files
from parcours.loading.keep import purge
from parcours.loading.known_files import KnownFiles, beside
from parcours.loading.namespaces import note_namespaces
from parcours.loading.read_again import take_back_outdated
from parcours.loading.readers import FileRefused, ReadAs, read_files
from parcours.loading.readers.refusal import not_opened
from parcours.loading.row_checks import (
    Limits,
)
from parcours.loading.together import may_join
from parcours.loading.written_values import Writing
from parcours.people.forgotten import load_forgotten
from parcours.project import Project
from parcours.settings.schema import JourneySettings
from parcours.warehouse.connection import text_literal, transaction
from parcours.warehouse.raw_tables import make_raw_tables
from parcours.warehouse.refresh_log import note_change
from parcours.warehouse.rows import insert_rows

CHANGED = "was changed while it was read; the next run reads it anew, once it is written whole"
"""Why a file is refused that is another one at the end of its loading."""

LOADER = "parcours.loading"
"""The logger that tells what became of each file, as `load` of its records, while the next ones are read."""


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
        RatesError: the CSV of currencies' rates is wrong.
        SourceError: a source whose header is wrong.
    """
    make_raw_tables(connection)
    write_currency_rates(connection, project)
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
    purge(connection, readings)
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
    return limits_now(project.settings, load_forgotten(connection, project))


def limits_now(settings: JourneySettings, has_forgotten: bool) -> Limits:
    """What holds for every row that is loaded now."""
    tomorrow = datetime.now(UTC).replace(tzinfo=None, microsecond=0) + timedelta(days=1)
    exports = settings.exports
    return Limits(settings.shop.opened_on, tomorrow, has_forgotten, exports.largest_amount, exports.largest_number)


def _load_files(connection: duckdb.DuckDBPyConnection, files: Sequence[Found], run: Run) -> list[Load]:
    """Load files in one transaction; those that can't, in two: one that is refused ends alone."""
    try:
        # Reading makes temporary tables only, and numbers lines by rowid, which counts from 0 outside a transaction.
        reads = read_rows(connection, files)
        with transaction(connection):
            loads = account(connection, files, run, reads)
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
    refused = {file.path: refused_load(connection, file, reasons[file.path]) for file in files if file.path in reasons}
    with transaction(connection):
        _record(connection, [*refused.values()], [file for file in files if file.path in refused], run)
    others = [file for file in files if file.path not in refused]
    loaded = {load.path: load for load in (_load_files(connection, others, run) if others else [])}
    return [refused[file.path] if file.path in refused else loaded[file.name] for file in files]


def read_rows(connection: duckdb.DuckDBPyConnection, files: Sequence[Found]) -> ReadAs:
    """Make the functions that sources call, and read the files' rows; returns how they were read."""
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
        declared = Writing(export.decimal, dates=export.dates, encoding=export.encoding)
        return read_files(connection, source, [file.path for file in files], export.columns, declared)
    except OSError as error:
        raise FileRefused(not_opened(error)) from None


def _confirm_file(connection: duckdb.DuckDBPyConnection, file: Found, run: Run) -> Load | None:
    """A content seen again under a name that says more of its age, whichever of the two was met first; the load of a
    file that can't be read under that name."""
    kind = file.source.kind
    try:
        reads = read_rows(connection, [file])
    except FileRefused as refusal:
        refused = refused_load(connection, beside(file), str(refusal))
        with transaction(connection):
            _record(connection, [refused], [file], run)
        return refused
    with transaction(connection):
        check_rows(connection, [file], run.limits, reads.kind)
        tally(connection, [file])
        find_duplicates(connection, kind)
        if confirmed := confirm(connection, kind, file.export.name):
            touch_loaded(connection, file.source, set(), confirmed)
        connection.execute(
            "update raw.loads set file_order = $file_order where file_id = $file_id",
            {"file_order": file.file_order, "file_id": file.file_id},
        )
        note_change(connection, "raw.loads")
    return None


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
