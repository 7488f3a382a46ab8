"""Parquet, through DuckDB's own reader; nested columns too."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import duckdb

from parcours.loading.readers.lines import FILE_BITS, FILE_NUMBER
from parcours.loading.readers.masking import row_text
from parcours.loading.readers.names import note_names
from parcours.loading.readers.refusal import FileRefused, first_line
from parcours.warehouse.connection import literal_path, quoted, text_literal


def read_parquet(connection: duckdb.DuckDBPyConnection, paths: Sequence[Path], shape: str | None) -> None:
    """Make the view `file_rows`: `r` in the source's shape, or the file's own columns where it declares none."""
    try:
        given = connection.execute(
            "describe select * from read_parquet($path, hive_partitioning = false)", {"path": literal_path(paths[0])}
        ).fetchall()
        if len(paths) > 1:
            _refuse_unlike(connection, paths, {name.lower() for name, *_ in given})
    except duckdb.Error as error:
        raise FileRefused(f"can't be read as Parquet ({first_line(error)}); export it again") from None
    names = {name for name, *_ in given}
    value, text = "* exclude (file_row_number)", row_text(sorted(names))
    if shape:
        members = [
            f"{quoted(name)} := {_shaped(quoted(name) if name in names else 'null', part)}"
            for name, part in json.loads(shape).items()
        ]
        value, text = f"struct_pack({', '.join(members)}) as r", "cast(to_json(r) as text)"
    number = "" if "file_number" in map(str.lower, names) and not shape else f", {FILE_NUMBER} as file_number"
    place = f" + (cast(file_index as bigint) << {FILE_BITS})" if len(paths) > 1 else ""
    connection.execute(
        f"create or replace temp view file_rows as select *{number} from ("
        f"select file_row_number + 1{place} as line, {value} from "
        f"read_parquet([{', '.join(text_literal(literal_path(path)) for path in paths)}], file_row_number = true, "
        "hive_partitioning = false))"
    )
    connection.execute(f"create or replace temp view file_texts as select line, {text} as text from file_rows")
    note_names(connection, sorted(names), len(paths))


def _shaped(value: str, part: Any) -> str:
    """SQL of a column in its shape."""
    return f"to_json({value})" if part == "JSON" else f"cast({value} as {_sql_type(part)})"


def _refuse_unlike(connection: duckdb.DuckDBPyConnection, paths: Sequence[Path], names: Collection[str]) -> None:
    """Of files with different columns, DuckDB would give those of the first."""
    unlike = connection.execute(
        "select count(distinct columns) from (select list(part order by part) as columns from ("
        "select file_name, (name, type, num_children, logical_type) as part "
        "from parquet_schema($paths)) group by file_name)",
        {"paths": [literal_path(path) for path in paths]},
    ).fetchall()
    if unlike != [(1,)] or {"file_index", "file_number"} & {*names}:
        raise FileRefused("they have not the same columns, or one that numbers files")


def refuse_unreadable_parquet(connection: duckdb.DuckDBPyConnection, paths: Sequence[Path]) -> None:
    """Read everything once, to tell a file that is broken inside from a source's SQL that is wrong.

    Raises:
        FileRefused: the file is broken.
    """
    try:
        connection.execute(
            "create or replace temp table whole_file as from read_parquet($paths, hive_partitioning = false)",
            {"paths": [literal_path(path) for path in paths]},
        )
        connection.execute("drop table whole_file")
    except duckdb.Error as error:
        raise FileRefused(f"can't be read as Parquet ({first_line(error)}); export it again") from None


def _sql_type(shape: Any) -> str:
    """The SQL type of a part of a shape: a text names it, an object is a struct, a list holds its one element."""
    if isinstance(shape, dict):
        return f"struct({', '.join(f'{quoted(name)} {_sql_type(part)}' for name, part in shape.items())})"
    if isinstance(shape, list):
        return f"{_sql_type(shape[0])}[]"
    return str(shape)
