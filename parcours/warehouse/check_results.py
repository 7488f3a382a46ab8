"""`metrics.check_results`: what each check said when it last ran, in every shop's warehouse and published file.

Here: the table, and writing a row of it. Not here: what a check is and how it runs (`parcours/engine/checks.py`), nor
which checks a table has (`parcours/tables/table_checks.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

import duckdb

from parcours.warehouse.comments import make_declared, read_declaration
from parcours.warehouse.rows import insert_rows

CHECK_RESULTS = "metrics.check_results"

CHECK_RESULTS_TABLE = read_declaration(CHECK_RESULTS)

Row = tuple[str, str, str, str, int, str, str, str, str]


def make_check_results(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the table where it does not exist, or has other columns than this version writes."""
    make_declared(connection, CHECK_RESULTS_TABLE)


def note_results(connection: duckdb.DuckDBPyConnection, rows: Sequence[Row]) -> None:
    """Write the results of checks in place of their last ones. Runs inside the caller's transaction."""
    drop_results(connection, [(table, check) for table, check, *_ in rows])
    insert_rows(connection, CHECK_RESULTS, rows)


def drop_results(connection: duckdb.DuckDBPyConnection, checks: Collection[tuple[str, str]]) -> None:
    """Drop the results of checks, as (table, check)."""
    connection.execute(
        f"delete from {CHECK_RESULTS} where (table_name, check_name) in (select unnest($tables), unnest($names))",
        {"tables": [table for table, _ in checks], "names": [name for _, name in checks]},
    )


def keep_results(connection: duckdb.DuckDBPyConnection, checks: Collection[tuple[str, str]]) -> None:
    """Drop the results of checks, as (table, check), that there are no more."""
    found = connection.execute(f"select table_name, check_name from {CHECK_RESULTS}").fetchall()
    drop_results(connection, {*found} - {*checks})
