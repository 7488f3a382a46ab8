"""What a table and its columns are, written into the database for whoever explores it.

Here: writing the sentences of a declaration, and taking them along into another file. The sentences themselves stand
where a table is declared: in its SQL file, or beside the function that writes it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

import duckdb

from parcours.warehouse.connection import quoted, text_literal


class Described(Protocol):
    """A declared table: its qualified name, its sentence, and a sentence for each column."""

    @property
    def table(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def columns(self) -> Mapping[str, str]: ...


@dataclass(frozen=True)
class DeclaredTable:
    """A table that is no model: what a row is, and its columns (name and type) with their sentences."""

    table: str
    description: str
    typed_columns: Mapping[str, str]

    @property
    def columns(self) -> dict[str, str]:
        """The sentence of each column."""
        return by_name(self.typed_columns)


def comment_table(connection: duckdb.DuckDBPyConnection, declared: Described) -> None:
    """Write the sentences of a table that exists, those that it does not carry yet."""
    known = _comments(connection, [declared.table])
    wanted: list[tuple[str | None, str]] = [(None, declared.description), *declared.columns.items()]
    for column, text in wanted:
        place = (declared.table, column)
        if place in known and known[place] != text:
            _comment(connection, declared.table, column, text)


def copy_comments(connection: duckdb.DuckDBPyConnection, database: str, tables: Collection[str]) -> None:
    """Write the sentences of these tables into another database that has them too."""
    for (table, column), text in _comments(connection, tables).items():
        if text is not None:
            _comment(connection, f"{database}.{table}", column, text)


def by_name(columns: Mapping[str, str]) -> dict[str, str]:
    """The sentences by the columns' names alone, of columns declared as `name type`."""
    return {column.split(" ", 1)[0]: about for column, about in columns.items()}


def _comments(
    connection: duckdb.DuckDBPyConnection, tables: Collection[str]
) -> dict[tuple[str, str | None], str | None]:
    """What tables (None) and their columns carry, by qualified name and column."""
    place = "database_name = current_database() and list_contains($tables, schema_name || '.' || table_name)"
    rows = connection.execute(
        f"select schema_name || '.' || table_name, null, comment from duckdb_tables() where {place} union all "
        f"select schema_name || '.' || table_name, column_name, comment from duckdb_columns() where {place}",
        {"tables": [*tables]},
    ).fetchall()
    return {(table, column): comment for table, column, comment in rows}


def _comment(connection: duckdb.DuckDBPyConnection, table: str, column: str | None, text: str) -> None:
    what, name = ("table", table) if column is None else ("column", f"{table}.{quoted(column)}")
    connection.execute(f"comment on {what} {name} is {text_literal(text)}")
