"""Rows of a file that were there already: noted, so that they come back if the file that had them first is unloaded.

An export repeats most rows of the one before it, in the same order: a run of lines that repeats a run of lines is one
row of `raw.repeated_rows`. Not here: which rows are repeated (`load.py`), taking a file back (`unload.py`).
"""

from __future__ import annotations

import duckdb

from parcours.warehouse.canonical import Kind

EXPANDED = (
    "(select file_id, line + step as line, of_file_id, of_line + step as of_line "
    "from raw.repeated_rows, unnest(range(row_count)) as steps(step))"
)
"""In SQL: `raw.repeated_rows` line by line."""


def note_repeats(connection: duckdb.DuckDBPyConnection, kind: Kind, repeated: str) -> None:
    """Note where the rows are that files repeat, once they are loaded.

    Args:
        connection: the warehouse.
        kind: of the files.
        repeated: a select of `file_id`, `line` and `row_hash` (of events `occurred_at`, too) of the rows not stored.
    """
    same_time = "and stored.occurred_at = repeated.occurred_at" if kind.name == "events" else ""
    note_pairs(
        connection,
        "select repeated.file_id, min(repeated.line) as line, stored.file_id as of_file_id, stored.line as of_line "
        f"from ({repeated}) as repeated inner join raw.{kind.name} as stored "
        f"on stored.row_hash = repeated.row_hash {same_time} "
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
