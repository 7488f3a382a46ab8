"""Text files read line by line: the lines as they are, with their numbers in the file.

Rows of files that are read together are told apart by `line`: above the number of the line in its file stands the
number of the file, 0 for the first. Of a file that is read alone it is the number of the line.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import duckdb

from parcours.loading.readers.compressed import GZIP_ERRORS, open_bytes
from parcours.loading.readers.refusal import FileRefused, first_line

FILE_BITS = 40
"""Of a `line`, those of the number in the file: more lines than any file has."""

FILE_NUMBER = f"(line >> {FILE_BITS})"
"""SQL of the number of a line's file."""

LINE_IN_FILE = f"(line & {(1 << FILE_BITS) - 1})"
"""SQL of the number of a line in its file."""


WHICH_FILE = "parcours_file"
"""The column of the tables that readers make with the number of the row's file."""


def read_lines(connection: duckdb.DuckDBPyConnection, paths: Sequence[Path], columns: str = "text") -> None:
    """Make the view `numbered_lines` (line, and the columns) and add the lines that are no text to `rejects`.

    Args:
        connection: the warehouse.
        paths: the files, gzip too.
        columns: SQL of what is kept of each `text`.

    Raises:
        FileRefused: a file can't be read, or they don't end their lines alike.
    """
    ends = {_new_line(path) for path in paths}
    if len(ends) > 1:
        raise FileRefused("they don't end their lines alike")
    connection.execute("drop table if exists line_rejects")
    connection.execute("drop table if exists line_scans")
    try:
        # No text has the delimiter. The table keeps the file's order, so that rowid numbers the accepted lines.
        connection.execute(
            f"create or replace temp table file_lines as select {which_file(paths)}, {columns} from "
            "read_csv($paths, header = false, auto_detect = false, "
            "columns = {'text': 'varchar'}, delim = chr(1) || chr(2) || chr(3) || chr(1), "
            "quote = '', escape = '', strict_mode = false, new_line = $new_line, "
            "store_rejects = true, rejects_table = 'line_rejects', rejects_scan = 'line_scans')",
            {"paths": [str(path) for path in paths], "new_line": ends.pop()},
        )
    except duckdb.Error as error:
        raise FileRefused(f"can't be read as text lines ({first_line(error)}); export it again as UTF-8") from None
    lines = number_lines(connection, "file_lines", "line_rejects", first_line=1)
    connection.execute(f"create or replace temp view numbered_lines as select * from {lines}")
    # A line that is no text has none to show.
    connection.execute(
        f"insert into rejects select {rejected_line('line_rejects')}, "
        "'is not text in UTF-8: ' || lower(replace(cast(min(error_type) as text), '_', ' ')), '' "
        "from line_rejects group by file_id, line"
    )


def by_file(values: Sequence[int], number: str) -> str:
    """SQL of the one of some values that is a file's, by the SQL of its number."""
    if len(values) == 1:
        return f"({values[0]})"
    return f"cast([{', '.join(map(str, values))}] as bigint[])[{number} + 1]"


def which_file(paths: Sequence[Path]) -> str:
    """SQL of the column that says of which file a reader's row is; a file that is read alone may have such a name."""
    return f"{'cast(file_index as bigint)' if len(paths) > 1 else '0'} as {WHICH_FILE}"


def rejected_line(rejects: str) -> str:
    """SQL of the `line` of a reader's rejects, which name file and line of their own."""
    return f"(cast({rejects}.file_id as bigint) << {FILE_BITS}) + {rejects}.line"


def number_lines(connection: duckdb.DuckDBPyConnection, table: str, rejects: str, first_line: int) -> str:
    """SQL of a table with `line`: a reader counts only the lines that it accepts.

    Args:
        connection: the warehouse.
        table: the accepted rows with `which_file`, in the order of the files and of their lines.
        rejects: the reader's rejects, with their `file_id` and `line`.
        first_line: the number of a file's first row: 1, or 2 behind a header.
    """
    first = dict(connection.execute(f"select {WHICH_FILE}, min(rowid) from {table} group by all").fetchall())
    before = [first.get(number, 0) - first_line - (number << FILE_BITS) for number in range(max(first, default=0) + 1)]
    # A list, not a join, which DuckDB would read on one core to keep the order.
    line, rows = f"{table}.rowid - {by_file(before, WHICH_FILE)}", table
    if connection.execute(f"select 1 from {rejects} limit 1").fetchall():
        # A rejected line moves those behind it: of each, how many lines its file had accepted before.
        connection.execute(
            f"create or replace temp table {table}_moved as select accepted_before, max(number) as moved from ("
            f"select line - number + 1 as accepted_before, number from ("
            f"select line, row_number() over (partition by {FILE_NUMBER} order by line) as number "
            f"from (select distinct {rejected_line(rejects)} as line from {rejects}))) "
            "group by accepted_before"
        )
        rows += f" asof left join {table}_moved as m on {line} >= m.accepted_before"
        line += f" + if(({line}) >> {FILE_BITS} = m.accepted_before >> {FILE_BITS}, m.moved, 0)"
    return f"(select {line} as line, {table}.* exclude ({WHICH_FILE}) from {rows})"


def _new_line(path: Path) -> str:
    """How a file ends its lines, by its first one, as DuckDB wants it written."""
    try:
        with open_bytes(path) as file:
            return r"\r\n" if file.readline(1_000_000).endswith(b"\r\n") else r"\n"
    except GZIP_ERRORS as error:
        raise FileRefused(f"can't be read as text lines ({error}); export it again") from None
