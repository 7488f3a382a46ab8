"""What is known of earlier refreshes: which table was built when, and whose rows have changed since.

A number counts the refreshes of all tables.
* `refresh_log.tables`: of each table the number of its last refresh (`built_at`), of its last change (`changed_at`),
  and of the last time it was made anew (`reset_at`): first, with other SQL or settings, or after an upstream was made
  anew.
* `refresh_log.touched`: of each refresh the keys whose rows it replaced, for the tables that read it.
* `refresh_log.checks`: of each check the version in which it last passed, and the last refresh that it covered then.
* `refresh_log.lineage`: of each table from which columns of others its own are computed, by the version of its SQL.
* `refresh_log.commented`: of each table the sentences that it carries, and since which change.
* `refresh_log.reported`: of each table behind a figure the version and the last change that the last report has.
* `refresh_log.pseudonym_key`: a hash of the key with which the pseudonyms were made.
* `refresh_log.stored`: of each table that a cluster's storage holds too, since which change, and under which stamp.
* `refresh_log.narrowed`: what the copies in the schemas `narrowed_…` hold that the tables of one run share.

Not here: what a refresh does with it (`refresh.py`), nor a check (`parcours/warehouse/coverage.py`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass

import duckdb

from parcours.warehouse.rows import insert_rows

IS_BUILT = "not regexp_matches(table_name, '^(settings|raw)[.]')"
"""In SQL: a table that is refreshed; settings and raw are written by themselves."""


@dataclass(frozen=True)
class State:
    """The numbers of a table."""

    version: str | None
    built_at: int
    changed_at: int
    reset_at: int


def table_states(connection: duckdb.DuckDBPyConnection) -> dict[str, State]:
    """What is known of every table; nothing of one that was never built."""
    rows = connection.execute(
        "select table_name, version, built_at, changed_at, reset_at from refresh_log.tables"
    ).fetchall()
    return {name: State(*rest) for name, *rest in rows}


def next_number(states: Mapping[str, State]) -> int:
    """The number of a refresh that begins."""
    return 1 + max((state.built_at for state in states.values()), default=0)


def note_refresh(connection: duckdb.DuckDBPyConnection, table: str, state: State, states: dict[str, State]) -> None:
    """Note the numbers of a table, in the warehouse and in `states`, what is known of all so far."""
    _note(connection, {table: state}, states)
    states[table] = state


def _note(connection: duckdb.DuckDBPyConnection, noted: Mapping[str, State], states: Mapping[str, State]) -> None:
    if noted:
        if replaced := [table for table in noted if table in states]:
            connection.execute("delete from refresh_log.tables where list_contains(?, table_name)", [replaced])
        insert_rows(connection, "refresh_log.tables", [(table, *astuple(state)) for table, state in noted.items()])


def prepare_log(connection: duckdb.DuckDBPyConnection) -> None:
    """Make the bookkeeping, where there is none yet."""
    connection.execute("create schema if not exists refresh_log")
    connection.execute(
        "create table if not exists refresh_log.tables "
        "(table_name text, version text, built_at bigint, changed_at bigint, reset_at bigint)"
    )
    connection.execute(
        "create table if not exists refresh_log.touched (table_name text, key_name text, number bigint, key text)"
    )
    connection.execute(
        "create table if not exists refresh_log.checks "
        "(table_name text, check_name text, version text, passed_at bigint)"
    )
    connection.execute("create table if not exists refresh_log.narrowed (table_name text, built_at bigint, keys text)")
    connection.execute("create table if not exists refresh_log.lineage (table_name text, version text, lineage text)")
    connection.execute("create table if not exists refresh_log.pseudonym_key (fingerprint text)")
    connection.execute("create table if not exists refresh_log.commented (table_name text, version text)")
    connection.execute(
        "create table if not exists refresh_log.reported (table_name text, version text, changed_at bigint)"
    )
    connection.execute("create table if not exists refresh_log.stored (table_name text, changed_at bigint, stamp text)")
    # What somebody dropped is not built; asked here, once: listing the tables takes DuckDB as long as a small refresh.
    connection.execute(
        f"delete from refresh_log.tables where {IS_BUILT} and table_name not in ("
        "select schema_name || '.' || table_name from duckdb_tables() where database_name = current_database())"
    )
    _forget_stored(connection)


def note_stored(connection: duckdb.DuckDBPyConnection, table: str, stamp: str) -> None:
    """Note that a cluster's storage holds a table as it is now, under a stamp. Runs inside the caller's transaction."""
    connection.execute("delete from refresh_log.stored where table_name = ?", [table])
    connection.execute(
        "insert into refresh_log.stored "
        "select table_name, changed_at, $stamp from refresh_log.tables where table_name = $table",
        {"stamp": stamp, "table": table},
    )


def stored_stamps(connection: duckdb.DuckDBPyConnection) -> dict[str, str]:
    """Under which stamp a cluster's storage holds a table, of those that have not changed since."""
    return dict(
        connection.execute(
            "select table_name, stamp from refresh_log.stored "
            "inner join refresh_log.tables using (table_name, changed_at)"
        ).fetchall()
    )


def _forget_stored(connection: duckdb.DuckDBPyConnection) -> None:
    """Where tables are no more, numbers are given again: what is stored under these is not those rows."""
    connection.execute(
        "delete from refresh_log.stored where (table_name, changed_at) not in "
        "(select (table_name, changed_at) from refresh_log.tables)"
    )


def note_reported(connection: duckdb.DuckDBPyConnection, states: Mapping[str, State]) -> None:
    """Note which tables, as they are now, a report is made of. Runs inside the caller's transaction."""
    connection.execute("delete from refresh_log.reported")
    rows = [(table, state.version, state.changed_at) for table, state in sorted(states.items())]
    insert_rows(connection, "refresh_log.reported", rows)


def is_reported(connection: duckdb.DuckDBPyConnection, states: Mapping[str, State]) -> bool:
    """Whether the last report is made of these tables as they are now."""
    rows = connection.execute("from refresh_log.reported").fetchall()
    return {table: rest for table, *rest in rows} == {
        table: [state.version, state.changed_at] for table, state in states.items()
    }


def reported_versions(connection: duckdb.DuckDBPyConnection) -> dict[str, str | None]:
    """The version that each table had in the last report."""
    return dict(connection.execute("select table_name, version from refresh_log.reported").fetchall())


def reset_log(connection: duckdb.DuckDBPyConnection) -> None:
    """Forget what was built and checked: the next run builds and checks every table whole (a full refresh)."""
    connection.execute(f"delete from refresh_log.tables where {IS_BUILT}")
    connection.execute("delete from refresh_log.touched")
    connection.execute("delete from refresh_log.checks")
    _forget_stored(connection)
    drop_narrowed(connection)


def drop_narrowed(connection: duckdb.DuckDBPyConnection) -> None:
    """Drop the copies that the tables of one run share."""
    copies = connection.execute(
        "select schema_name || '.' || table_name from duckdb_tables() where database_name = current_database() "
        "and starts_with(schema_name, 'narrowed_')"
    ).fetchall()
    for (copy,) in copies:
        connection.execute(f"drop table {copy}")
    connection.execute("delete from refresh_log.narrowed")


def narrowed_name(table: str) -> str:
    """The copy of a table with the rows of touched people: of the same name, in a schema beside."""
    return f"narrowed_{table}"


def touch(
    connection: duckdb.DuckDBPyConnection, table: str, key: str, select: str, values: Mapping[str, object] | None = None
) -> None:
    """Note that a table which is not refreshed itself (`raw.events`) has changed, and the keys of the changed rows.

    No keys are noted before a table was built from it: that one will be built whole.
    """
    if connection.execute(f"select 1 from refresh_log.tables where {IS_BUILT} limit 1").fetchall():
        note_keys(connection, table, key, next_number(table_states(connection)), select, values)
    note_change(connection, table)


def note_keys(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    key: str,
    number: int,
    select: str,
    values: Mapping[str, object] | None = None,
) -> None:
    """Note keys whose rows a refresh changed; rows of nobody (without the key) as the empty key."""
    connection.execute(
        f"insert into refresh_log.touched select distinct '{table}', '{key}', {number}, coalesce(key, '') "
        f"from ({select}) as changed(key)",
        values or {},
    )


def note_change(connection: duckdb.DuckDBPyConnection, table: str) -> None:
    """Note that a table which is not refreshed itself (raw) has changed."""
    note_changes(connection, [table])


def note_changes(connection: duckdb.DuckDBPyConnection, tables: Iterable[str]) -> None:
    """Note that tables which are not refreshed themselves (raw) have changed, each a refresh of its own number."""
    states = table_states(connection)
    number = next_number(states)
    _note(connection, {table: State(None, number + i, number + i, 0) for i, table in enumerate(tables)}, states)


def note_versions(connection: duckdb.DuckDBPyConnection, versions: Mapping[str, str]) -> None:
    """Note the versions of tables which are not refreshed themselves (settings).

    Only another version than noted before is a change; then what reads the table is made anew.
    """
    states = table_states(connection)
    changed = {
        table: version for table, version in versions.items() if table not in states or states[table].version != version
    }
    number = next_number(states)
    _note(
        connection,
        {table: State(changed[table], number + i, number + i, number + i) for i, table in enumerate(changed)},
        states,
    )


def prune(connection: duckdb.DuckDBPyConnection, tables: Iterable[str]) -> None:
    """Drop what no table needs to know any more, and tables that this version does not make; `tables` are all it does.

    Up to version 0.1 the log was the schema `builds`.
    """
    names = [*tables]
    connection.execute("drop schema if exists builds cascade")
    strangers = connection.execute(
        "select schema_name || '.' || table_name as name from duckdb_tables() where database_name = current_database() "
        "and schema_name in ('settings', 'staging', 'journeys', 'metrics') and not list_contains(?, name)",
        [names],
    ).fetchall()
    for (stranger,) in strangers:
        connection.execute(f"drop table {stranger}")
    connection.execute("delete from refresh_log.tables where not list_contains(?, table_name)", [names])
    _forget_stored(connection)
    # The numbers of a table that is gone are given again: no check has covered those.
    connection.execute(
        "update refresh_log.checks set passed_at = (select max(built_at) from refresh_log.tables) "
        "where passed_at > (select max(built_at) from refresh_log.tables)"
    )
    connection.execute(
        "delete from refresh_log.touched "
        f"where number <= (select min(built_at) from refresh_log.tables where {IS_BUILT}) and not exists "
        "(select 1 from refresh_log.checks where checks.table_name = touched.table_name and passed_at < touched.number)"
    )
