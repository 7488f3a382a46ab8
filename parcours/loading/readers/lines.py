"""Text files read line by line: the lines as they are, with their numbers in the file."""

from __future__ import annotations

from pathlib import Path

import duckdb

from parcours.loading.readers.compressed import GZIP_ERRORS, open_bytes
from parcours.loading.readers.refusal import FileRefused, first_line


def read_lines(connection: duckdb.DuckDBPyConnection, path: Path, columns: str = "text") -> None:
    """Make the view `numbered_lines` (line, and the columns) and add the lines that are no text to `rejects`.

    Args:
        connection: the warehouse.
        path: the file, gzip too.
        columns: SQL of what is kept of each `text`.

    Raises:
        FileRefused: the file can't be read.
    """
    connection.execute("drop table if exists line_rejects")
    connection.execute("drop table if exists line_scans")
    try:
        # No text has the delimiter. The table keeps the file's order, so that rowid numbers the accepted lines.
        connection.execute(
            f"create or replace temp table file_lines as select {columns} from read_csv($path, header = false, "
            "auto_detect = false, columns = {'text': 'varchar'}, delim = chr(1) || chr(2) || chr(3) || chr(1), "
            "quote = '', escape = '', strict_mode = false, new_line = $new_line, "
            "store_rejects = true, rejects_table = 'line_rejects', rejects_scan = 'line_scans')",
            {"path": str(path), "new_line": _new_line(path)},
        )
    except duckdb.Error as error:
        raise FileRefused(f"can't be read as text lines ({first_line(error)}); export it again as UTF-8") from None
    lines = number_lines(connection, "file_lines", "line_rejects", first_line=1)
    connection.execute(f"create or replace temp view numbered_lines as select * from {lines}")
    # A line that is no text has none to show.
    connection.execute(
        "insert into rejects select line, "
        "'is not text in UTF-8: ' || lower(replace(cast(min(error_type) as text), '_', ' ')), '' "
        "from line_rejects group by line"
    )


def number_lines(connection: duckdb.DuckDBPyConnection, table: str, rejects: str, first_line: int) -> str:
    """SQL of a table with the numbers of its lines in the file: a reader counts only the lines that it accepts.

    Args:
        connection: the warehouse.
        table: the accepted rows, in the file's order.
        rejects: the reader's rejects, with their `line`.
        first_line: the number of the first row: 1, or 2 behind a header.
    """
    if not connection.execute(f"select 1 from {rejects} limit 1").fetchall():
        return f"(select rowid + {first_line} as line, * from {table})"
    connection.execute(
        f"create or replace temp table {table}_moved as select accepted_before, max(number) as moved from ("
        f"select line - {first_line} - number + 1 as accepted_before, number from ("
        f"select line, row_number() over (order by line) as number from (select distinct line from {rejects}))) "
        "group by accepted_before"
    )
    return (
        f"(select a.rowid + {first_line} + coalesce(m.moved, 0) as line, a.* from {table} as a "
        f"asof left join {table}_moved as m on a.rowid >= m.accepted_before)"
    )


def _new_line(path: Path) -> str:
    """How a file ends its lines, by its first one, as DuckDB wants it written."""
    try:
        with open_bytes(path) as file:
            return r"\r\n" if file.readline(1_000_000).endswith(b"\r\n") else r"\n"
    except GZIP_ERRORS as error:
        raise FileRefused(f"can't be read as text lines ({error}); export it again") from None
