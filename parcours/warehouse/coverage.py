"""What each check has covered: up to which refresh it last passed, and what changed since.

A check answers for everything since it last *passed*, not for the newest rows: what it found stays to be found until it
is gone, through failed runs and runs that were killed before it was reached. One that was changed has covered nothing.

Not here: what a check is (`parcours/engine/checks.py`), what it said last (`check_results.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

import duckdb

from parcours.warehouse.refresh_log import State
from parcours.warehouse.rows import insert_rows


@dataclass(frozen=True)
class Pass:
    """When a check last passed: in which version of it, and the number of the last refresh before."""

    version: str
    passed_at: int


def last_number(states: Mapping[str, State]) -> int:
    """The number of the last refresh of any table: what a check that runs now covers."""
    return max((state.built_at for state in states.values()), default=0)


def note_passes(connection: duckdb.DuckDBPyConnection, passed: Mapping[tuple[str, str], Pass]) -> None:
    """Note that checks, as (table, check), have passed."""
    forget_passes(connection, passed)
    insert_rows(connection, "refresh_log.checks", [(*key, one.version, one.passed_at) for key, one in passed.items()])


def forget_passes(connection: duckdb.DuckDBPyConnection, checks: Collection[tuple[str, str]]) -> None:
    """Note that checks, as (table, check), have not passed: they look at all rows again, or are no more."""
    connection.execute(
        "delete from refresh_log.checks where (table_name, check_name) in (select unnest($tables), unnest($names))",
        {"tables": [table for table, _ in checks], "names": [name for _, name in checks]},
    )


def passes(connection: duckdb.DuckDBPyConnection) -> dict[tuple[str, str], Pass]:
    """When each check, as (table, check), last passed; nothing of one that never has."""
    rows = connection.execute("select table_name, check_name, version, passed_at from refresh_log.checks").fetchall()
    return {(table, check): Pass(version, number) for table, check, version, number in rows}


def keep_passes(connection: duckdb.DuckDBPyConnection, checks: Collection[tuple[str, str]]) -> None:
    """Drop what is known of checks, as (table, check), that there are no more."""
    forget_passes(connection, passes(connection).keys() - {*checks})


def changed_since(passed: Pass, tables: Iterable[str], states: Mapping[str, State]) -> list[str]:
    """Those of the tables that changed since a check passed."""
    return [table for table in tables if table in states and states[table].changed_at > passed.passed_at]


def rows_to_check(
    connection: duckdb.DuckDBPyConnection, table: str, check: str, version: str, keyed_by: str | None
) -> str | None:
    """In SQL: the condition on the rows of a table that changed since a check passed; None: all of them.

    All of a table that is not keyed, or was made anew since, and for a check that has not passed yet as it is now.
    """
    passed = connection.execute(
        "select passed_at, changed_at > passed_at from refresh_log.checks inner join refresh_log.tables "
        "using (table_name) where table_name = $table and check_name = $check and checks.version = $version "
        "and reset_at <= passed_at",
        {"table": table, "check": check, "version": version},
    ).fetchall()
    if keyed_by is None or not passed:
        return None
    [(passed_at, is_changed)] = passed
    if not is_changed:
        return "false"
    return (
        f"({keyed_by} in (select key from refresh_log.touched where table_name = '{table}' "
        f"and key_name = '{keyed_by}' and number > {passed_at}) or {keyed_by} is null)"
    )
