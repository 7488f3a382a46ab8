"""Writing rows of values into a table, all by one statement: each takes DuckDB as long as hundreds of rows."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb


def insert_rows(connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Sequence[object]]) -> None:
    """Append rows, each with a value for every column; of `table`, columns may be named behind it in brackets."""
    if rows:
        connection.execute(f"insert into {table} {values(rows)}", flat(rows))


def values(rows: Sequence[Sequence[object]]) -> str:
    """SQL of rows whose values are bound: `values (?, ?), (?, ?)`."""
    row = f"({', '.join('?' * len(rows[0]))})"
    return f"values {', '.join([row] * len(rows))}"


def flat(rows: Sequence[Sequence[object]]) -> list[object]:
    """What to bind to `values`."""
    return [value for row in rows for value in row]
