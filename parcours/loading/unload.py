"""Taking a file back: afterwards `raw.*` is as if it had never been loaded, but that it is known not to load it again.

Here: its rows go; those that a later file repeated come back as that file's; what it confirmed is as new as the other
files say. Which version of a thing then stands is found as ever, when the tables are refreshed. A file that had
replaced its own earlier content (`replaced` in `raw.loads`) does not bring that back: load it again. Not here:
refreshing the tables (`parcours/run.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from parcours.loading.files import content_id
from parcours.loading.repeats import EXPANDED, note_pairs
from parcours.project import Project
from parcours.warehouse.canonical import KINDS, Kind
from parcours.warehouse.connection import transaction
from parcours.warehouse.raw_tables import make_raw_tables
from parcours.warehouse.refresh_log import note_changes, touch

LEAVES = "file_id in (select file_id from leaving)"
"""In SQL: a row is of a file that is being taken back."""


class NotLoaded(Exception):
    """A file that is to be taken back, or loaded again, is not there. The text names it and what to do."""


@dataclass(frozen=True)
class Unloaded:
    """What became of a file that was taken back.

    Attributes:
        file_id: of raw.loads.
        path: under the exports folder.
        kind: the raw table that its rows were in.
        rows_gone: rows of it that are nowhere else.
        rows_kept: rows of it that another file has too, and which are now that one's.
        rows_rejected: rows of it that had been rejected.
    """

    file_id: str
    path: str
    kind: str
    rows_gone: int
    rows_kept: int
    rows_rejected: int


def unload(connection: duckdb.DuckDBPyConnection, project: Project, names: Iterable[str]) -> list[Unloaded]:
    """Take files back, all of them or none.

    Args:
        connection: the warehouse.
        project: the shop.
        names: of each file its path (under the exports folder, or any other), or its file_id of raw.loads.

    Raises:
        NotLoaded: one is not loaded.
    """
    make_raw_tables(connection)
    with transaction(connection):
        files = [file for name in names for file in _find(connection, project, name, ("loaded", "replaced"))]
        return take_back(connection, [*dict.fromkeys(files)])


def load_again(connection: duckdb.DuckDBPyConnection, project: Project, names: Iterable[str]) -> list[str]:
    """Let the next run load files again that were taken back; returns their paths.

    Raises:
        NotLoaded: one was not taken back.
    """
    make_raw_tables(connection)
    with transaction(connection):
        files = [file for name in names for file in _find(connection, project, name, ("unloaded",))]
        for file_id, *_ in files:
            connection.execute("delete from raw.loads where file_id = ?", [file_id])
        note_changes(connection, ["raw.loads"])
    return [path for _, path, _ in files]


def _find(
    connection: duckdb.DuckDBPyConnection, project: Project, name: str, states: tuple[str, ...]
) -> list[tuple[str, str, str]]:
    """The file of a name, as its id, path and kind, and those that hold the same, or are it in another format.

    Of several contents of one path it is that which was loaded last.
    """
    path = Path(name)
    path = next((found for found in (path.resolve(), project.exports_folder / path) if found.is_file()), path)
    # What lies there now, whichever name it was loaded under; else what was loaded last of that name.
    content = content_id(path) if path.is_file() else name
    below = path.relative_to(project.exports_folder) if path.is_relative_to(project.exports_folder) else path
    found = connection.execute(
        "select file_id, path, kind, status, unloaded_at, split_part(file_id, '.', 1) as content from raw.loads "
        "where $content in (file_id, content) or path = $path "
        "order by file_id = $content desc, content = $content desc, path = $path desc, rowid desc",
        {"content": content, "path": str(below)},
    ).fetchall()
    if not found:
        raise NotLoaded(
            f"{name}: no such file was loaded. `select path, file_id from raw.loads` names those that were."
        )
    (file_id, path_found, kind, status, unloaded_at, content), *others = found
    if status not in states:
        since = f"taken back at {unloaded_at:%Y-%m-%d %H:%M} UTC" if unloaded_at else status
        more = ", ".join(f"{other[0]} ({other[3]})" for other in others)
        other_contents = f" Other contents of that name, to be given instead of it: {more}." if more else ""
        raise NotLoaded(f"{path_found}: is {since}, so there is nothing to do.{other_contents}")
    alike = [other for other in others if other[5] == content and other[3] in states]
    return [(file_id, path_found, kind), *(other[:3] for other in alike)]


def take_back(connection: duckdb.DuckDBPyConnection, files: Sequence[tuple[str, str, str]]) -> list[Unloaded]:
    """Take loaded files back, given as id, path and kind; runs in the caller's transaction."""
    done = []
    for kind in KINDS.values():
        if leaving := [file for file in files if file[2] == kind.name]:
            done += _take_back(connection, kind, leaving)
    note_changes(connection, [f"raw.{name}" for name in ("loads", "rejected_rows", "repeated_rows", "observed_names")])
    return done


def _take_back(
    connection: duckdb.DuckDBPyConnection, kind: Kind, files: Sequence[tuple[str, str, str]]
) -> list[Unloaded]:
    """Take files of one kind back: note what changes, find heirs, hand over, delete, date anew, account."""
    connection.execute("create or replace temp table leaving (file_id text)")
    connection.execute("insert into leaving select unnest($ids)", {"ids": [file_id for file_id, *_ in files]})
    _find_heirs(connection, kind)
    _touch_files(connection, kind)
    had = _counts(connection, f"select file_id from raw.{kind.name}")
    kept = _counts(connection, "select of_file_id from heirs")
    _hand_over(connection, kind)
    connection.execute(f"delete from raw.{kind.name} where {LEAVES}")
    _date_anew(connection, kind)
    rejected = _counts(connection, "select file_id from raw.rejected_rows")
    for table in ("rejected_rows", "observed_names"):
        connection.execute(f"delete from raw.{table} where {LEAVES}")
    connection.execute(
        f"update raw.loads set status = 'unloaded', unloaded_at = cast(now() as timestamp) where {LEAVES}"
    )
    return [
        Unloaded(
            file_id,
            path,
            kind.name,
            had.get(file_id, 0) - kept.get(file_id, 0),
            kept.get(file_id, 0),
            rejected.get(file_id, 0),
        )
        for file_id, path, _ in files
    ]


def _counts(connection: duckdb.DuckDBPyConnection, ids: str) -> dict[str, int]:
    """How often a select of ids of files names each of those that leave."""
    counted = f"select file_id, count(*) from ({ids}) as named(file_id) where {LEAVES} group by file_id"
    return dict(connection.execute(counted).fetchall())


def _find_heirs(connection: duckdb.DuckDBPyConnection, kind: Kind) -> None:
    """Make `repeats` (what repeats the files line by line, or they it), `heirs` (of each line of theirs that another
    file has, the line of the first that does), and `undated` (stored rows that may owe them how new they are)."""
    connection.execute(
        f"create or replace temp table repeats as from {EXPANDED} "
        f"where {LEAVES} or of_file_id in (select file_id from leaving)"
    )
    connection.execute(
        "create or replace temp table heirs as "
        "select repeats.of_file_id, repeats.of_line, repeats.file_id, repeats.line, loads.export, loads.covers_until, "
        "loads.file_order "
        "from repeats inner join raw.loads as loads on repeats.file_id = loads.file_id "
        f"inner join raw.{kind.name} as stored "
        "on stored.file_id = repeats.of_file_id and stored.line = repeats.of_line "
        "where loads.status = 'loaded' and repeats.of_file_id in (select file_id from leaving) "
        "and repeats.file_id not in (select file_id from leaving) "
        "qualify row_number() over (partition by repeats.of_file_id, repeats.of_line "
        "order by loads.rowid, repeats.line) = 1"
    )
    connection.execute(
        "create or replace temp table undated as select file_id, line from heirs "
        f"union all select of_file_id, of_line from repeats where {LEAVES} "
        "and of_file_id not in (select file_id from leaving)"
    )


def _touch_files(connection: duckdb.DuckDBPyConnection, kind: Kind) -> None:
    """Note the keys of the files' rows, and of whole parts that they delivered: an earlier delivery may stand again."""
    changed = f"select {kind.key} from raw.{kind.name} where {LEAVES}"
    if any(column.name == "part" for column in kind.columns):
        changed += (
            f" union all select {kind.key} from raw.{kind.name} "
            f"where part in (select part from raw.{kind.name} where {LEAVES})"
        )
    touch(connection, f"raw.{kind.name}", kind.key, changed)


def _hand_over(connection: duckdb.DuckDBPyConnection, kind: Kind) -> None:
    """Make the rows that others repeat theirs, in the accounting too."""
    connection.execute(
        f"update raw.{kind.name} as stored set file_id = heirs.file_id, line = heirs.line, export = heirs.export, "
        "covers_until = heirs.covers_until, file_order = heirs.file_order "
        "from heirs where stored.file_id = heirs.of_file_id and stored.line = heirs.of_line"
    )
    connection.execute(f"delete from raw.repeated_rows where {LEAVES} or of_file_id in (select file_id from leaving)")
    note_pairs(
        connection,
        "select repeats.file_id, repeats.line, heirs.file_id as of_file_id, heirs.line as of_line "
        "from repeats inner join heirs "
        "on repeats.of_file_id = heirs.of_file_id and repeats.of_line = heirs.of_line "
        "where repeats.file_id <> heirs.file_id and repeats.file_id not in (select file_id from leaving)",
    )
    connection.execute(
        "update raw.loads as loads set rows_loaded = rows_loaded + came_back, "
        "rows_duplicate = rows_duplicate - came_back "
        "from (select file_id, count(*) as came_back from heirs group by file_id) as back "
        "where loads.file_id = back.file_id"
    )


def _date_anew(connection: duckdb.DuckDBPyConnection, kind: Kind) -> None:
    """Make the rows in `undated` as new as the newest file that has them; events, as old as the first."""
    age = (
        "loads.file_order, loads.rowid"
        if kind.name == "events"
        else "coalesce(loads.covers_until, timestamp '1970-01-01') desc, loads.file_order desc"
    )
    connection.execute(
        "create or replace temp table dated as "
        "with said as (select file_id, line, file_id as said_by from undated union all "
        f"select of_file_id, of_line, file_id from {EXPANDED} "
        "where (of_file_id, of_line) in (select (file_id, line) from undated)) "
        "select said.file_id, said.line, loads.covers_until, loads.file_order from said "
        "inner join raw.loads as loads on said.said_by = loads.file_id "
        "inner join raw.loads as owners on said.file_id = owners.file_id and loads.export = owners.export "
        f"qualify row_number() over (partition by said.file_id, said.line order by {age}) = 1"
    )
    is_other = (
        "stored.file_id = dated.file_id and stored.line = dated.line and (stored.covers_until, stored.file_order) "
        "is distinct from (dated.covers_until, dated.file_order)"
    )
    # A row that no other contradicts stands, however new it is.
    several = f"select {kind.key} from raw.{kind.name} group by {kind.key} having count(*) > 1"
    touch(
        connection,
        f"raw.{kind.name}",
        kind.key,
        f"select stored.{kind.key} from raw.{kind.name} as stored inner join dated on {is_other} "
        f"where stored.{kind.key} in ({several})",
    )
    connection.execute(
        f"update raw.{kind.name} as stored set covers_until = dated.covers_until, file_order = dated.file_order "
        f"from dated where {is_other}"
    )
