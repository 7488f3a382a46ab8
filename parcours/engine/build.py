"""Building a table from its model, in one transaction, and what the UI shows of it.

Here: running the file's select, and the facts of the build (rows, columns, lineage). Not here: which rows are touched
(`refresh.py`), how a file is read (`model.py`), nor Dagster (`assets`).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import duckdb

from parcours.engine.fingerprint import engine_version, modules_version
from parcours.engine.model import Model, ModelError, column_lineage, names_in, narrowed_sql
from parcours.engine.refresh import Narrow, Refreshed, Table, Through, refresh
from parcours.warehouse.connection import count_rows, existing_tables, table_columns, transaction
from parcours.warehouse.refresh_log import State


class NotBuilt(Exception):
    """A table is to be built before one that it reads; names both and what to do."""


@dataclass(frozen=True)
class BuiltColumn:
    """A column of a built table; `sources` are the upstream columns it is computed from."""

    name: str
    type: str
    comment: str | None
    sources: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class BuiltTable:
    """What a build made."""

    table: str
    row_count: int
    columns: tuple[BuiltColumn, ...]
    touched: int | None = None


def refreshable(
    model: Model,
    logged: tuple[str, ...],
    write_changed: Callable[[duckdb.DuckDBPyConnection, str], None] | None = None,
    through: tuple[Through, ...] = (),
    leave_untouched: Callable[[duckdb.DuckDBPyConnection], None] | None = None,
) -> Table:
    """A model as `refresh` takes it.

    Args:
        model: what its file says.
        logged: the key columns that tables reading it are keyed by.
        write_changed: writes `next_rows` from the select, where it takes more than narrowing the upstreams by the key.
        through: how upstreams without the key are narrowed.
        leave_untouched: takes keys out of `touched_keys` of which the table says nothing, before and after.
    """

    def write_next(connection: duckdb.DuckDBPyConnection, narrow: Narrow) -> None:
        if write_changed:
            write_changed(connection, model.sql)
            return
        if leave_untouched:
            leave_untouched(connection)
        sql = narrowed_sql(model.sql, {upstream: narrow(upstream) for upstream in model.upstreams})
        _run(connection, model.table, f"create or replace temp table next_rows as\n{sql}")

    code = [model.code_version, model.keyed_by, model.linked_by, through, engine_version()]
    code += [modules_version(own) for own in (write_changed, leave_untouched) if own]
    version = " ".join(map(str, code))
    write_whole = partial(write_select, table=model.table, sql=model.sql)
    return Table(
        model.table,
        model.upstreams,
        version,
        model.keyed_by,
        logged,
        write_whole,
        write_next,
        model.linked_by,
        through,
        names_in(model.sql),
    )


def refresh_table(
    connection: duckdb.DuckDBPyConnection, table: Table, states: dict[str, State] | None = None
) -> Refreshed:
    """Bring a table up to date in one transaction; the old one stays whole if that fails. `states` are as in `refresh`;
    who refreshes one table after another asks for them once.

    Raises:
        ModelError: DuckDB refuses the select; names the table and what DuckDB says.
        NotBuilt: a table that it reads does not exist.
    """
    try:
        with transaction(connection):
            return refresh(connection, table, states)
    except (ModelError, duckdb.CatalogException) as error:
        if refusal := not_built(connection, table.name, table.upstreams):
            raise refusal from error
        raise


def not_built(connection: duckdb.DuckDBPyConnection, table: str, upstreams: Sequence[str]) -> NotBuilt | None:
    """Why a table can't be built now, if some of what it reads is not there."""
    if missing := _missing(connection, upstreams):
        named = ", ".join(missing[:3]) + (f" and {len(missing) - 3} more" if len(missing) > 3 else "")
        return NotBuilt(
            f"{table} can't be built before what it reads: {named}. "
            f"Materialize all once, or select {table} with its upstreams."
        )
    return None


def describe_table(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    lineage: Mapping[str, Sequence[tuple[str, str]]] | None = None,
    touched: int | None = None,
) -> BuiltTable:
    """Rows and columns of a table that exists."""
    schema, name = table.split(".")
    columns = connection.execute(
        "select column_name, data_type, comment from duckdb_columns() "
        "where database_name = current_database() and schema_name = ? and table_name = ? order by column_index",
        [schema, name],
    ).fetchall()
    return BuiltTable(
        table,
        count_rows(connection, table),
        tuple(
            BuiltColumn(column, type_.lower(), comment, tuple((lineage or {}).get(column, ())))
            for column, type_, comment in columns
        ),
        touched,
    )


def lineage_of(connection: duckdb.DuckDBPyConnection, model: Model) -> dict[str, list[tuple[str, str]]]:
    """Column lineage of a model whose upstreams exist; kept in the warehouse until its SQL or their columns change."""
    columns = {table: [name for name, _ in table_columns(connection, table)] for table in model.upstreams}
    version = hashlib.sha256(json.dumps([model.sql, columns]).encode()).hexdigest()
    kept = connection.execute(
        "select lineage from refresh_log.lineage where table_name = ? and version = ?", [model.table, version]
    ).fetchall()
    if kept:
        return {
            column: [(table, name) for table, name in sources] for column, sources in json.loads(kept[0][0]).items()
        }
    lineage = column_lineage(model, columns)
    connection.execute("delete from refresh_log.lineage where table_name = ?", [model.table])
    connection.execute("insert into refresh_log.lineage values (?, ?, ?)", [model.table, version, json.dumps(lineage)])
    return lineage


def write_select(connection: duckdb.DuckDBPyConnection, table: str, sql: str) -> None:
    """Make a table of its select; a function of the module, so that another process can be told to."""
    _run(connection, table, f"create or replace table {table} as\n{sql}")


def _run(connection: duckdb.DuckDBPyConnection, table: str, sql: str) -> None:
    try:
        connection.execute(sql)
    except duckdb.Error as error:
        raise ModelError(f"{table}: {error}") from error


def _missing(connection: duckdb.DuckDBPyConnection, tables: Sequence[str]) -> list[str]:
    """Those of some tables that do not exist."""
    existing = existing_tables(connection)
    return [table for table in tables if table not in existing]
