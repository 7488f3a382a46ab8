"""What of the exports' folder and of the shop's own sources is not used: files that no path matches or several do,
and columns that no row fills.

Here: noting both, for checks and for whoever starts a run. Not here: loading (`load.py`).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import duckdb

from parcours.loading.files import shown
from parcours.loading.sources import read_source
from parcours.project import ROOT, Project
from parcours.warehouse.connection import quoted
from parcours.warehouse.rows import insert_rows


def note_found_files(
    connection: duckdb.DuckDBPyConnection, project: Project, found: Mapping[str, Sequence[str]]
) -> None:
    """Write `raw.found_files`.

    Args:
        connection: the warehouse.
        project: the shop.
        found: by the path of a file the exports that match it.
    """
    paths = sorted({*found, *map(shown, files_of(project))})
    connection.execute("delete from raw.found_files")
    connection.execute(
        "insert into raw.found_files select unnest($paths), unnest($exports)",
        {"paths": paths, "exports": [[*found.get(path, ())] for path in paths]},
    )


def unmatched_files(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """The files that no path of journey.yaml matches."""
    rows = connection.execute("select path from raw.found_files where len(exports) = 0 order by path").fetchall()
    return [path for (path,) in rows]


def note_own_columns(connection: duckdb.DuckDBPyConnection, project: Project) -> None:
    """Write `raw.own_columns`."""
    connection.execute("delete from raw.own_columns")
    noted: list[tuple[object, ...]] = []
    for export in project.settings.exports.files:
        path = project.source_file(export.format)
        if path.is_relative_to(ROOT / "sql"):
            continue
        source = read_source(path)
        columns = source.given
        counts = "".join(f", count({quoted(column)})" for column in columns)
        rows, *filled = connection.execute(
            f"select count(*){counts} from raw.{source.kind.name} where export = $export", {"export": export.name}
        ).fetchall()[0]
        noted += [
            (export.name, source.format, column, rows, count) for column, count in zip(columns, filled, strict=True)
        ]
    insert_rows(connection, "raw.own_columns", noted)


def files_of(project: Project) -> Iterator[str]:
    """The names of the files in the exports' folder, as the operating system has them, without hidden ones and without
    what is the shop's own there: its settings and sources, and what its runs write."""
    own = {
        project.journey_file.parent / "sources",
        project.report.parent,
        project.journey_file,
        project.forget_requests,
    }
    for folder, folders, files in os.walk(project.exports_folder):
        here = Path(folder)
        folders[:] = [name for name in folders if not name.startswith(".") and here / name not in own]
        for name in files:
            path = here / name
            is_written = here == project.output and path.suffix in (".duckdb", ".wal")
            if not (name.startswith(".") or path in own or is_written):
                yield str(path.relative_to(project.exports_folder))
