"""The published snapshot: the tables that people read, swapped in by one rename.

Not here: whether they may be published now (`parcours/tables/gate.py`), which asks that of every run.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import duckdb

from parcours.warehouse.comments import copy_comments
from parcours.warehouse.connection import count_rows, quoted, transaction
from parcours.warehouse.functions import write_functions
from parcours.whole_file import share

PUBLISHED_SCHEMAS = ("settings", "staging", "journeys", "metrics")
PUBLISHED_RAW_TABLES = ("loads", "found_files", "own_columns")
"""Of raw only the accounting is published: rows and rejected text stay in the warehouse."""

STORAGE = "v1.4.0"
"""The oldest DuckDB that opens the file: with people's tools comes a version older than ours."""


def write_published(
    connection: duckdb.DuckDBPyConnection, target: Path, instead: Mapping[str, str] | None = None
) -> dict[str, int]:
    """Write the tables and functions that people use, as they are, into a new file and swap it in.

    Returns the rows of each table. `instead` says by a select what to write of a table that is not written whole.

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
                select = (instead or {}).get(f"{schema}.{table}", f"from {name}")
                connection.execute(f"create table snapshot.{name} as {select}")
                rows[f"{schema}.{table}"] = count_rows(connection, f"snapshot.{name}")
        with transaction(connection):  # each on its own would be written to the disk
            copy_comments(connection, "snapshot", rows)
    finally:
        connection.execute("detach snapshot")
    share(copy)
    copy.replace(target)
    return rows
