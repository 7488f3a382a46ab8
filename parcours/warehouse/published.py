"""The published snapshot: the tables that people read, swapped in by one rename.

Not here: whether they may be published now (`parcours/tables/gate.py`), which asks that of every run.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import duckdb

from parcours.warehouse.connection import count_rows, quoted, transaction
from parcours.whole_file import share

PUBLISHED_SCHEMAS = ("settings", "staging", "journeys", "metrics")
PUBLISHED_RAW_TABLES = ("loads", "found_files", "own_columns", "namespaces", "purges")
"""Of raw only the accounting is published: rows and rejected text stay in the warehouse."""

WRITING = 0o222
"""The bits of a file's mode that allow writing."""

STORAGE = "v1.4.0"
"""The oldest DuckDB that opens the file: with people's tools comes a version older than ours."""


def left_beside(published: Path) -> list[Path]:
    """The logs of whoever had opened a published file for writing, and died."""
    return sorted(path for path in published.parent.glob(f"{published.name}.*") if path.is_file())


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
        with transaction(connection):
            # The functions and the tables' shapes, with their sentences: these took longer one by one than all rows.
            [(warehouse,)] = connection.execute("select current_database()").fetchall()
            connection.execute(f"copy from database {quoted(warehouse)} to snapshot (schema)")
            for schema, table in tables:
                name = f"{schema}.{quoted(table)}"
                if schema in PUBLISHED_SCHEMAS or (schema == "raw" and table in PUBLISHED_RAW_TABLES):
                    select = (instead or {}).get(f"{schema}.{table}", f"from {name}")
                    connection.execute(f"insert into snapshot.{name} {select}")
                    rows[f"{schema}.{table}"] = count_rows(connection, f"snapshot.{name}")
                else:
                    connection.execute(f"drop table snapshot.{name}")
            for schema in {schema for schema, _ in tables} - {*PUBLISHED_SCHEMAS, "raw"}:
                connection.execute(f"drop schema snapshot.{quoted(schema)}")
    finally:
        connection.execute("detach snapshot")
    share(copy)
    # Who opens it for writing is refused; what one who could and died left beside would keep everybody else out.
    copy.chmod(copy.stat().st_mode & ~WRITING)
    for left in left_beside(target):
        left.unlink(missing_ok=True)
    copy.replace(target)
    return rows
