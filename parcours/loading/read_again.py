"""Settings reach what was loaded: files that were read with others than now are taken back, and read again.

Here: which files these are, those that no export reads any more, and those that are no longer there, whose rows stay as
they are. Not here: what a file is read with (`read_with.py`), taking back (`unload.py`), loading (`load.py`).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from itertools import groupby

import duckdb

from parcours.loading.files import Found, Reading, content_id
from parcours.loading.known_files import beside
from parcours.loading.namespaces import rewrite_ids
from parcours.loading.read_with import changed_parts, ids_written, with_ids
from parcours.loading.row_checks import SMALL_FILE
from parcours.loading.unload import take_back
from parcours.project import Project
from parcours.warehouse.connection import transaction
from parcours.warehouse.refresh_log import note_change, note_changes, reset_log
from parcours.warehouse.rows import insert_rows

UNREAD = "no export of journey.yaml reads them any more"
"""Why files are taken back and not read again."""


class OtherExports(Exception):
    """The folder holds the files of another shop than the warehouse. The text names both and what to do."""


@dataclass(frozen=True)
class Outdated:
    """A loaded file that was read with something else than now.

    Attributes:
        file_id: of raw.loads.
        path: under the exports folder.
        export: whose it was.
        kind: the raw table that its rows are in.
        said: what it was read with.
        now: what it would be read with.
        why: what has changed.
        is_there: whether it can be read again, or is to be read no more; else its rows stay.
    """

    file_id: str
    path: str
    export: str
    kind: str
    said: str | None
    now: str
    why: str
    is_there: bool


def take_back_outdated(
    connection: duckdb.DuckDBPyConnection,
    project: Project,
    readings: Sequence[Reading],
    files: Sequence[Found],
    say: Callable[[str], None],
) -> None:
    """Take back what is to be read again, or no more; note in `raw.loads` what can't be read again.

    Args:
        connection: the warehouse.
        project: the shop.
        readings: its exports.
        files: all files of them that are there.
        say: is told of what is taken back, in a line for each export and reason.

    Raises:
        OtherExports: the folder is another one, and nothing of what is loaded is in it.
    """
    readers = defaultdict[str, list[Found]](list)
    for file in files:
        for file_id in {file.file_id, beside(file).file_id} if file.source.format in file.formats else ():
            readers[file_id].append(file)
    with transaction(connection):
        _keep_shops_apart(connection, project, readers)
        outdated = [*_outdated(connection, project, readings, readers)]
        leaving = [file for file in outdated if file.is_there]
        if leaving:
            # It costs less to build the tables whole than to find out what to leave as it is.
            reset_log(connection)
            take_back(connection, [(file.file_id, file.path, file.kind) for file in leaving])
            _delete_loads(connection, leaving)
        kept = [file for file in outdated if not file.is_there]
        _write_ids(connection, kept)
        _note_kept(connection, [file for file in kept if file.why])
    for (export, why), count in Counter((file.export, file.why) for file in leaving).items():
        what = f"{export}: {count:,} file{'' if count == 1 else 's'}"
        say(f"{what} taken back: {UNREAD}" if why == UNREAD else f"{what} read again; changed since: {why}")


def _keep_shops_apart(
    connection: duckdb.DuckDBPyConnection, project: Project, readers: Mapping[str, Sequence[Found]]
) -> None:
    """Note the exports' folder: another one must have some of the files that are loaded, as one that was moved has."""
    folders = [folder for (folder,) in connection.execute("select folder from raw.loaded_from").fetchall()]
    if folders == [str(project.exports_folder)]:
        return
    loaded = connection.execute("select file_id from raw.loads where status in ('loaded', 'rejected')").fetchall()
    if folders and loaded and readers and not any(file_id in readers for (file_id,) in loaded):
        raise OtherExports(
            f"{project.exports_folder}: none of the {len(loaded):,} files in {project.warehouse} is here; they were "
            f"loaded from {folders[0]}. Another shop has a folder of its own with its journey.yaml; to begin anew with "
            "these files, move warehouse.duckdb away; if the exports were moved, leave one of the files loaded before "
            "beside the new ones."
        )
    connection.execute("delete from raw.loaded_from")
    connection.execute("insert into raw.loaded_from values (?)", [str(project.exports_folder)])


def _outdated(
    connection: duckdb.DuckDBPyConnection,
    project: Project,
    readings: Sequence[Reading],
    readers: Mapping[str, Sequence[Found]],
) -> Iterator[Outdated]:
    """The loaded files that now would be read otherwise, or by no export."""
    above = project.settings.exports.refuse_above
    rows = connection.execute(
        "select file_id, path, export, kind, read_with, rows_read, rows_rejected - coalesce(rows_faultless, 0) "
        "from raw.loads where status in ('loaded', 'replaced', 'rejected') order by rowid"
    ).fetchall()
    for file_id, path, export, kind, said, rows_read, rows_rejected in rows:
        matching = readers.get(file_id, ())
        found = next((file for file in matching if file.export.name == export), next(iter(matching), None))
        reading = found.reading if found else _reading_of(readings, export, path)
        if reading is None or (found is None and _lies_unread(project, path, file_id)):
            yield Outdated(file_id, path, export, kind, said, "", UNREAD, is_there=True)
            continue
        why = ["the export's name"] if reading.export.name != export else []
        why += changed_parts(said if found else with_ids(said, reading.read_with), reading.read_with)
        if rows_read >= SMALL_FILE and rows_rejected > above * rows_read:
            why.append("exports.refuse_above")
        # Rows of another kind can't be brought near what the export would read now.
        now = reading.read_with if reading.source.kind.name == kind else said or ""
        if why or ids_written(said) != ids_written(now):
            yield Outdated(file_id, path, export, kind, said, now, ", ".join(why), is_there=found is not None)


def _reading_of(readings: Sequence[Reading], export: str, path: str) -> Reading | None:
    """Who would read a file that is no longer there: the export of its name, else one that would find its path."""
    named = (reading for reading in readings if reading.export.name == export)
    finding = (reading for reading in readings if fnmatch(path, reading.export.path))
    return next(named, None) or next(finding, None)


def _lies_unread(project: Project, path: str, file_id: str) -> bool:
    """Whether a file lies where it was loaded from, and no path of journey.yaml finds it any more."""
    place = project.exports_folder / path
    return place.is_file() and content_id(place) == file_id.split(".")[0]


def _delete_loads(connection: duckdb.DuckDBPyConnection, files: Sequence[Outdated]) -> None:
    """Forget that files were ever loaded, so that they are again where an export reads them."""
    ids = {"ids": [file.file_id for file in files]}
    connection.execute("delete from raw.loads where list_contains($ids, file_id)", ids)


def _write_ids(connection: duckdb.DuckDBPyConnection, files: Sequence[Outdated]) -> None:
    """Write the ids of rows that can't be read again as they are written now: they would be others than their own."""
    others = [file for file in files if ids_written(file.said) != ids_written(file.now)]
    for (kind, said, now), alike in groupby(others, key=lambda file: (file.kind, file.said, file.now)):
        ids = {"ids": [file.file_id for file in alike]}
        rewrite_ids(connection, kind, ids_written(said), ids_written(now), ids)
        connection.execute(
            "update raw.loads set read_with = $said where list_contains($ids, file_id)",
            ids | {"said": with_ids(said, now)},
        )
    if others:
        reset_log(connection)
        note_changes(connection, sorted({f"raw.{file.kind}" for file in others}))


def _note_kept(connection: duckdb.DuckDBPyConnection, files: Sequence[Outdated]) -> None:
    """Note of the files whose rows stay as they are what has changed since they were read; of the others nothing."""
    connection.execute("create or replace temp table kept (file_id text, kind text, why text)")
    insert_rows(connection, "kept", [(file.file_id, file.kind, file.why) for file in files])
    # Of a file that was written over in its place often no row is left.
    for kind in {file.kind for file in files}:
        connection.execute(
            f"delete from kept where kind = $kind and file_id not in (select file_id from raw.{kind})", {"kind": kind}
        )
    changed = connection.execute(
        "update raw.loads as loads set read_otherwise = said.why from ("
        "select file_id, kept.why from raw.loads left join kept using (file_id)"
        ") as said where loads.file_id = said.file_id and loads.read_otherwise is distinct from said.why"
    ).fetchall()[0][0]
    if changed:
        note_change(connection, "raw.loads")
