"""Text files read line by line: the lines as they are, with their numbers in the file.

Rows of files that are read together are told apart by `line`: above the number of the line in its file stands the
number of the file, 0 for the first. Of a file that is read alone it is the number of the line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from pathlib import Path

import duckdb

from parcours.loading.readers.by_line import decoded, text_lines
from parcours.loading.readers.compressed import open_bytes
from parcours.loading.readers.counting import LONGEST_LINE, count_lines
from parcours.loading.readers.refusal import FileRefused, first_line, of_each
from parcours.warehouse.connection import literal_path

FILE_BITS = 40
"""Of a `line`, those of the number in the file: more lines than any file has."""

FILE_NUMBER = f"(line >> {FILE_BITS})"
"""SQL of the number of a line's file."""

LINE_IN_FILE = f"(line & {(1 << FILE_BITS) - 1})"
"""SQL of the number of a line in its file."""


WHICH_FILE = "parcours_file"
"""The column of the tables that readers make with the number of the row's file."""


UNREAD = (duckdb.IOException, duckdb.InvalidInputException)
"""What DuckDB raises of files that it can't read: Python may."""

BATCH = 20_000
"""Rows that are handed to DuckDB at a time."""


def read_lines(connection: duckdb.DuckDBPyConnection, paths: Sequence[Path], columns: str = "text") -> None:
    """Make the view `numbered_lines` (line, and the columns) and add the lines that are no text to `rejects`.

    Args:
        connection: the warehouse.
        paths: the files, gzip too.
        columns: SQL of what is kept of each `text`.

    Raises:
        FileRefused: a file can't be read.
    """
    counts = {number: count for number, count in enumerate(of_each(paths, count_lines)) if count is not None}
    new_line = _new_line(paths[next(iter(counts))]) if counts else ""
    counts = {number: count for number, count in counts.items() if _new_line(paths[number]) == new_line}
    try:
        try:
            alike = _read_alike(connection, paths, columns, counts, new_line)
        except UNREAD:
            alike = _read_alike(connection, paths, columns, {}, new_line)
        lines = number_lines(connection, "file_lines", "line_rejects", alike, first_line=1)
        if others := [number for number in range(len(paths)) if number not in alike]:
            connection.execute("create or replace temp table texts (line bigint, text text)")
            for number in others:
                _read_by_line(connection, paths[number], number)
            lines = f"(from {lines} union all select line, {columns} from texts)"
    except duckdb.Error as error:
        raise FileRefused(f"can't be read as text lines ({first_line(error)}); export it again as UTF-8") from None
    connection.execute(f"create or replace temp view numbered_lines as select * from {lines}")


def _read_alike(
    connection: duckdb.DuckDBPyConnection, paths: Sequence[Path], columns: str, counts: Mapping[int, int], new_line: str
) -> list[int]:
    """Make `file_lines` and `line_rejects` by DuckDB of files whose lines were counted by their number; returns the
    numbers of those that it read as many lines of."""
    connection.execute("drop table if exists line_rejects; drop table if exists line_scans")
    if not counts:
        connection.execute(
            f"create or replace temp table file_lines as select cast(0 as bigint) as {WHICH_FILE}, {columns} "
            "from (select cast(null as text) as text) limit 0"
        )
        connection.execute("create or replace temp table line_rejects (file_id bigint, line bigint)")
        return []
    numbers = [*counts]
    # No text has the delimiter. The table keeps the file's order, so that rowid numbers the accepted lines.
    connection.execute(
        f"create or replace temp table file_lines as select {which_file(numbers)}, {columns} from "
        "read_csv($paths, header = false, auto_detect = false, hive_partitioning = false, "
        "columns = {'text': 'varchar'}, delim = chr(1) || chr(2) || chr(3) || chr(1), "
        "quote = '', escape = '', strict_mode = false, new_line = $new_line, "
        "store_rejects = true, rejects_table = 'line_rejects', rejects_scan = 'line_scans')",
        {"paths": [literal_path(paths[number]) for number in numbers], "new_line": new_line},
    )
    if others := differing(connection, "file_lines", "line_rejects", counts):
        rest = {number: count for number, count in counts.items() if number not in others}
        return _read_alike(connection, paths, columns, rest, new_line)
    # A line that is no text has none to show.
    connection.execute(
        f"insert into rejects select {rejected_line('line_rejects', numbers)}, "
        "'is not text in UTF-8: ' || lower(replace(cast(min(error_type) as text), '_', ' ')), '' "
        "from line_rejects group by file_id, line"
    )
    return numbers


def _read_by_line(connection: duckdb.DuckDBPyConnection, path: Path, number: int) -> None:
    """Add a file to `texts`, and to `rejects` what is no text."""
    lines = enumerate(text_lines(path), (number << FILE_BITS) + 1)
    while batch := list(islice(lines, BATCH)):
        texts = [text.rstrip("\r\n") or None if (text := decoded(line)) is not None else None for _, line in batch]
        insert(connection, "texts", [("bigint", [place for place, _ in batch]), ("text", texts)])
        if unsound := [place for place, line in batch if decoded(line) is None]:
            connection.execute(
                "insert into rejects select unnest($lines), 'is not text in UTF-8: invalid encoding', ''",
                {"lines": unsound},
            )


def insert(connection: duckdb.DuckDBPyConnection, table: str, columns: Sequence[tuple[str, Sequence[object]]]) -> None:
    """Append rows, given by the type and the values of each column."""
    import pyarrow as pa  # here: importing the definitions costs enough

    types = {"bigint": pa.int64(), "text": pa.string()}
    arrays = [pa.array(values, types[type_]) for type_, values in columns]
    connection.register("given_rows", pa.table(arrays, [f"c{number}" for number in range(len(arrays))]))
    connection.execute(f"insert into {table} from given_rows")
    connection.unregister("given_rows")


def differing(connection: duckdb.DuckDBPyConnection, table: str, rejects: str, counts: Mapping[int, int]) -> set[int]:
    """The numbers of the files of which a reader has accepted and rejected, together, another number of rows than were
    counted.

    Args:
        connection: the warehouse.
        table: the accepted rows with `which_file`.
        rejects: the reader's rejects, with their `file_id` and `line`.
        counts: the rows of each file that was read, by its number, in the order in which they were read.
    """
    accepted = dict(connection.execute(f"select {WHICH_FILE}, count(*) from {table} group by all").fetchall())
    rejected = dict(connection.execute(f"select file_id, count(distinct line) from {rejects} group by all").fetchall())
    return {
        number
        for place, (number, count) in enumerate(counts.items())
        if accepted.get(number, 0) + rejected.get(place, 0) != count
    }


def by_file(values: Sequence[int], number: str) -> str:
    """SQL of the one of some values that is a file's, by the SQL of its number."""
    if len(values) == 1:
        return f"cast({values[0]} as bigint)"
    if [*values] == [*range(len(values))]:
        return f"cast({number} as bigint)"
    return f"cast([{', '.join(map(str, values))}] as bigint[])[{number} + 1]"


def which_file(numbers: Sequence[int]) -> str:
    """SQL of the column that says of which file a reader's row is; a file that is read alone may have such a name.

    Args:
        numbers: of the files that are read, in their order.
    """
    if len(numbers) == 1:
        return f"cast({numbers[0]} as bigint) as {WHICH_FILE}"
    return f"{by_file(numbers, 'file_index')} as {WHICH_FILE}"


def rejected_line(rejects: str, numbers: Sequence[int]) -> str:
    """SQL of the `line` of a reader's rejects, which name file and line of their own."""
    return f"({by_file(numbers, f'{rejects}.file_id')} << {FILE_BITS}) + {rejects}.line"


def number_lines(
    connection: duckdb.DuckDBPyConnection, table: str, rejects: str, numbers: Sequence[int], first_line: int
) -> str:
    """SQL of a table with `line`: a reader counts only the lines that it accepts.

    Args:
        connection: the warehouse.
        table: the accepted rows with `which_file`, in the order of the files and of their lines.
        rejects: the reader's rejects, with their `file_id` and `line`.
        numbers: of the files that were read, in their order.
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
            f"from (select distinct {rejected_line(rejects, numbers)} as line from {rejects}))) "
            "group by accepted_before"
        )
        rows += f" asof left join {table}_moved as m on {line} >= m.accepted_before"
        line += f" + if(({line}) >> {FILE_BITS} = m.accepted_before >> {FILE_BITS}, m.moved, 0)"
    return f"(select {line} as line, {table}.* exclude ({WHICH_FILE}) from {rows})"


def _new_line(path: Path) -> str:
    """How a file ends its lines, which is the same for all, as DuckDB wants it written."""
    with open_bytes(path) as file:
        return r"\r\n" if file.readline(LONGEST_LINE).endswith(b"\r\n") else r"\n"
