"""The published snapshot: the tables that people read, swapped in by one rename."""

from __future__ import annotations

from pathlib import Path

import duckdb

from parcours.warehouse.comments import copy_comments
from parcours.warehouse.connection import count_rows, quoted
from parcours.warehouse.functions import write_functions

PUBLISHED_SCHEMAS = ("settings", "staging", "journeys", "metrics")
PUBLISHED_RAW_TABLES = ("loads",)
"""Of raw only the accounting is published: rows and rejected text stay in the warehouse."""

STORAGE = "v1.4.0"
"""The oldest DuckDB that opens the file: with people's tools comes a version older than ours."""


def publish(connection: duckdb.DuckDBPyConnection, target: Path) -> dict[str, int]:
    """Write the tables and functions that people use into a new file and swap it in; returns the rows of each table.

    Readers of the old file keep it until they open again; none sees half of one.
    """
    # The stem must differ from the schemas' names, and the copy must lie on the target's file system.
    copy = target.with_name(f"{target.stem}-next.duckdb")
    copy.unlink(missing_ok=True)
    tables = connection.execute(
        "select table_schema, table_name from information_schema.tables "
        "where table_catalog = current_database() and table_type = 'BASE TABLE' order by all"
    ).fetchall()
    rows: dict[str, int] = {}
    connection.execute(f"attach $file as snapshot (storage_version '{STORAGE}')", {"file": str(copy)})
    try:
        write_functions(connection, "snapshot")
        for schema in (*PUBLISHED_SCHEMAS, "raw"):
            connection.execute(f"create schema snapshot.{schema}")
        for schema, table in tables:
            if schema in PUBLISHED_SCHEMAS or (schema == "raw" and table in PUBLISHED_RAW_TABLES):
                name = f"{schema}.{quoted(table)}"
                connection.execute(f"create table snapshot.{name} as from {name}")
                rows[f"{schema}.{table}"] = count_rows(connection, f"snapshot.{name}")
        copy_comments(connection, "snapshot", rows)
    finally:
        connection.execute("detach snapshot")
    copy.replace(target)
    return rows
