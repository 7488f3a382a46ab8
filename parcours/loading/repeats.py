"""Rows of a file that were there already: noted, so that they come back if the file that had them first is unloaded.

An export repeats most rows of the one before it, in the same order: a run of lines that repeats a run of lines is one
row of `raw.repeated_rows`. Not here: which rows are repeated (`duplicates.py`), taking a file back (`unload.py`).
"""

from __future__ import annotations

import duckdb

from parcours.loading.readers.lines import FILE_NUMBER, LINE_IN_FILE
from parcours.warehouse.canonical import Kind
from parcours.warehouse.connection import count_rows

EXPANDED = (
    "(select file_id, line + step as line, of_file_id, of_line + step as of_line "
    "from raw.repeated_rows, unnest(range(row_count)) as steps(step))"
)
"""In SQL: `raw.repeated_rows` line by line."""


def note_repeats(connection: duckdb.DuckDBPyConnection, kind: Kind) -> None:
    """Note where the rows are that the files being loaded repeat (`duplicates`), once their other rows are stored."""
    if not count_rows(connection, "duplicates"):
        return
    time, same_time = "", ""
    if kind.name == "events":
        time, same_time = ", occurred_at", "and stored.occurred_at = repeated.occurred_at"
    note_pairs(
        connection,
        f"with repeated as (select file_id, {LINE_IN_FILE} as line, row_hash{time} from checked "
        f"inner join loading_files on file_number = {FILE_NUMBER} where line in (select line from duplicates)) "
        "select repeated.file_id, min(repeated.line) as line, stored.file_id as of_file_id, stored.line as of_line "
        f"from repeated inner join raw.{kind.name} as stored on stored.row_hash = repeated.row_hash {same_time} "
        "where stored.file_id <> repeated.file_id group by all",
    )


def note_pairs(connection: duckdb.DuckDBPyConnection, pairs: str) -> None:
    """Note `file_id`, `line`, `of_file_id`, `of_line` of a select as runs."""
    in_order = "over (partition by file_id, of_file_id order by line)"
    connection.execute(
        "insert into raw.repeated_rows select file_id, min(line), count(*), of_file_id, min(of_line) from ("
        f"select *, sum(is_first) {in_order} as run from ("
        f"select *, case when line = lag(line) {in_order} + 1 and of_line = lag(of_line) {in_order} + 1 "
        f"then 0 else 1 end as is_first from ({pairs}))) "
        "group by file_id, of_file_id, run order by file_id, min(line)"
    )
