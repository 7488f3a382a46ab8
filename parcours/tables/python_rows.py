"""Writing the rows of a table that a function computes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb

from parcours.warehouse.comments import read_declaration
from parcours.warehouse.rows import insert_rows

ROWS_AT_ONCE = 500


def write_rows(connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Sequence[Any]]) -> None:
    """Replace a table, as `sql/` declares it, by these rows; their values are in the order of its columns."""
    connection.execute(f"create or replace table {table} ({read_declaration(table).definition})")
    for start in range(0, len(rows), ROWS_AT_ONCE):
        insert_rows(connection, table, rows[start : start + ROWS_AT_ONCE])
