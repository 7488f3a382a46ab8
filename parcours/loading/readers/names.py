"""The names of a file's columns or keys, noted so that the next load can say what is new."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from parcours.warehouse.connection import text_literal


def note_names(connection: duckdb.DuckDBPyConnection, names: Sequence[str], file_count: int = 1) -> None:
    """Make the view `file_names`, one row per column of each of some files that have the same."""
    connection.execute(
        "create or replace temp view file_names as "
        f"select file_number, unnest([{', '.join(text_literal(name) for name in names)}]::text[]) as name "
        f"from range({file_count}) as files(file_number)"
    )
