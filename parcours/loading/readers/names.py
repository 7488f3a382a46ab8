"""The names of a file's columns or keys, noted so that the next load can say what is new."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from parcours.warehouse.connection import text_literal


def note_names(connection: duckdb.DuckDBPyConnection, names: Sequence[str]) -> None:
    """Make the view `file_names`, one row per column of the file."""
    connection.execute(
        "create or replace temp view file_names as "
        f"select unnest([{', '.join(text_literal(name) for name in names)}]::text[]) as name"
    )
