"""Writing rejected rows into files that can be corrected and loaded again.

The quarantine keeps masked text, so the rows are taken from the export files themselves. Beside a rejected row of an
order stand the other rows of that order: a line's place in its order says which line it is. Rows that are loaded
already come back as duplicates, and the accounting of the first file stays as it is. Not here: loading (`load.py`).
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from pathlib import Path

import duckdb

from parcours.loading.accounting import check_rows
from parcours.loading.files import Found, find_files, read_exports
from parcours.loading.known_files import beside
from parcours.loading.load import read_rows, row_limits
from parcours.loading.readers import FileRefused
from parcours.loading.readers.by_line import csv_header
from parcours.loading.readers.delimited import csv_columns
from parcours.loading.settings_tables import write_settings
from parcours.project import Project
from parcours.warehouse.connection import literal_path, open_warehouse, quoted, text_literal
from parcours.warehouse.raw_tables import make_raw_tables


@dataclass(frozen=True)
class Written:
    """A file to correct, and how many rejected rows are in it; no file: why the rows can't be taken out."""

    name: str
    row_count: int
    path: Path | None
    why: str = ""


def write_rejected(project: Project, folder: Path) -> list[Written]:
    """Write the rejected rows of every loaded file that is still there, a file for each, in the format of the export.

    Args:
        project: the shop.
        folder: where to write; made if it is missing.
    """
    written = []
    with open_warehouse(project) as connection:  # and what is written meanwhile is private
        write_settings(connection, project.settings)
        make_raw_tables(connection)
        counted = connection.execute(
            "select file_id, format, count(*) from raw.rejected_rows inner join raw.loads using (file_id) "
            "where status in ('loaded', 'rejected') group by all"
        ).fetchall()
        counts = {(file_id, format_name): count for file_id, format_name, count in counted}
        for found in find_files(project, read_exports(project)):
            for file in (found, beside(found)):
                if row_count := counts.pop((file.file_id, file.source.format), 0):
                    written.append(_write(connection, project, file, row_count, folder))
        for (file_id, _), row_count in counts.items():
            name = connection.execute("select path from raw.loads where file_id = ?", [file_id]).fetchall()[0][0]
            written.append(Written(name, row_count, None, "the file is gone from the exports or was changed"))
    return written


def _write(
    connection: duckdb.DuckDBPyConnection, project: Project, file: Found, row_count: int, folder: Path
) -> Written:
    try:
        reads = read_rows(connection, [file]).kind
    except FileRefused as refusal:
        return Written(file.name, row_count, None, str(refusal))
    if reads in ("json", "xml"):
        return Written(
            file.name, row_count, None, "correct the document itself: what is loaded comes back as duplicates"
        )
    check_rows(connection, [file], row_limits(connection, project), reads)
    siblings = (
        "or order_id in (select order_id from checked where line in (select line from wrong))"
        if file.source.kind.name == "order_rows"
        else ""
    )
    connection.execute(
        "create or replace temp table wrong as select line from raw.rejected_rows where file_id = $id",
        {"id": file.file_id},
    )
    connection.execute(
        "create or replace temp table wanted as select line from checked "
        f"where line in (select line from wrong) {siblings}"
    )
    folder.mkdir(parents=True, exist_ok=True)
    stem, *_ = file.path.name.split(".")
    path = folder / f"{stem}-corrected-{file.file_id[:8]}.{reads}"
    if reads == "parquet":
        _copy(
            connection,
            "select * exclude (file_row_number) from "
            f"read_parquet({text_literal(literal_path(file.path))}, file_row_number = true, hive_partitioning = false) "
            "where file_row_number + 1 in (select line from wanted)",
            path,
            "format parquet",
        )
    elif reads in ("jsonl", "tsv"):
        connection.execute("insert into wanted select line from wrong where line not in (select line from wanted)")
        lines = connection.execute(
            "select text from numbered_lines where line in (select line from wanted) order by line"
        ).fetchall()
        path.write_text("".join(f"{text}\n" for (text,) in lines), encoding="utf-8")
    else:
        _write_csv(connection, file, path)
    return Written(file.name, row_count, path)


def _write_csv(connection: duckdb.DuckDBPyConnection, file: Found, path: Path) -> None:
    """The file's own header and columns; rows that could not be split stand at the end, as they were."""
    names = [
        row[0] for row in connection.execute("select column_name from (describe file_records) offset 1").fetchall()
    ]
    dialect, _ = csv_columns(file.path, file.source.needs, file.export.columns, file.export.encoding)
    labels = csv_header(file.path, dialect)
    columns = ", ".join(f"{quoted(name)} as {quoted(label)}" for name, label in zip(names, labels, strict=True))
    _copy(
        connection,
        f"select {columns} from file_rows where line in (select line from wanted) order by line",
        path,
        f"format csv, header true, delimiter {text_literal(dialect.separator)}",
    )
    unsplit = connection.execute(
        "select text from unsplit where line in (select line from wrong) order by line"
    ).fetchall()
    with path.open("a", encoding="utf-8", newline="") as target:
        target.writelines(f"{line.rstrip()}\n" for (line,) in unsplit)
    if dialect.is_encoding_declared:
        # Its export is said to be in another encoding: the mark says that this file is not.
        path.write_bytes(codecs.BOM_UTF8 + path.read_bytes())


def _copy(connection: duckdb.DuckDBPyConnection, select: str, path: Path, options: str) -> None:
    connection.execute(f"copy ({select}) to {text_literal(str(path))} ({options})")
