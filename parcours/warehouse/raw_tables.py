"""The `raw.*` tables: the rows of every export as loaded, and the accounting of every file."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import duckdb

from parcours.warehouse.canonical import KINDS, Kind
from parcours.warehouse.comments import DeclaredTable, read_declaration
from parcours.warehouse.connection import SOMEBODY
from parcours.warehouse.refresh_log import note_changes, table_states

BOOKKEEPING = {
    "file_id text": "of raw.loads",
    "line bigint": "in the file, from 1",
    "export text": "its name in journey.yaml",
    "row_hash uhugeint": "hash of the row's content: identical rows are stored once",
    "covers_until timestamp": "UTC instant until which its export reaches",
    "file_order text": "sorts as people read file names: 9 before 10",
}
"""Of every row: where it comes from, the hash of its content, how far its export reaches, and the file's order."""

VERSION = (
    "version struct(updated timestamp, reach timestamp, file text, content uhugeint) generated always as (struct_pack("
    "updated := coalesce(source_updated_at, timestamp '0001-01-01'), "
    "reach := coalesce(covers_until, timestamp '0001-01-01'), "
    "file := coalesce(file_order, ''), content := 340282366920938463463374607431768211455 - row_hash)) virtual"
)
"""Puts the rows of one thing in order: the greatest is its newest version, and stands. That is the newest by the
source's own time, else the one whose export reaches furthest, else that of the last file."""

OWN_IDENTIFIER = {"order_rows": "order", "contacts": "contact"}
"""The kinds of row whose key is itself an identifier, and which: null where the key names nobody."""

COMPUTED = ("version", "own_identifier")
"""The columns that are not stored but computed where they are read: no insert may name them."""


def _own_identifier(kind: Kind) -> dict[str, str]:
    name = OWN_IDENTIFIER.get(kind.name)
    bare = f"regexp_replace({kind.key}, '^[a-z0-9][a-z0-9_-]*:', '')"  # without its namespace
    names_somebody = f"case when {SOMEBODY.format(bare)} is not null then '{name}:' || {kind.key} end"
    computed = f"own_identifier text generated always as ({names_somebody}) virtual"
    return {computed: "its key as an identifier; null: it names nobody"} if name else {}


ACCOUNTING = (
    "loads",
    "rejected_rows",
    "repeated_rows",
    "observed_names",
    "found_files",
    "own_columns",
    "forgettings",
    "purges",
    "loaded_from",
    "namespaces",
    "currency_rates",
)
"""What is known of the files, of who was forgotten, and of other currencies."""

CAME_LATER = {"raw.loads": 5, "raw.rejected_rows": 1}
"""The last columns of tables that a warehouse of an earlier version lacks, and gets: null where nothing was noted."""

RAW_TABLES = {
    raw.table: raw
    for raw in (
        *(read_declaration(f"raw.{name}") for name in ACCOUNTING),
        *(
            DeclaredTable(
                f"raw.{kind.name}",
                kind.about,
                BOOKKEEPING
                | {f"{column.name} {column.type}": column.about for column in kind.columns}
                | {VERSION: "the greatest of the rows of one thing is its newest version, and stands"}
                | _own_identifier(kind),
            )
            for kind in KINDS.values()
        ),
    )
}
"""Declared in `sql/raw/`: the accounting whole, the rows of each kind but for what is of every row."""


class OldWarehouse(Exception):
    """The warehouse was made by an earlier version; the text says what to do."""


@cache
def _expected() -> dict[str, list[tuple[str, str]]]:
    """Names and types of the columns of each table, as this version makes it."""
    with duckdb.connect() as connection:
        connection.execute("create schema raw")
        for raw in RAW_TABLES.values():
            connection.execute(f"create table {raw.table} ({raw.definition})")
        return _found(connection)


def _found(connection: duckdb.DuckDBPyConnection) -> dict[str, list[tuple[str, str]]]:
    """Names and types of the columns of the tables that there are."""
    found: dict[str, list[tuple[str, str]]] = {}
    for table, column, type_ in connection.execute(
        "select schema_name || '.' || table_name, column_name, data_type from duckdb_columns() "
        "where database_name = current_database() and schema_name = 'raw' order by table_name, column_index"
    ).fetchall():
        found.setdefault(table, []).append((column, type_))
    return found


def _add_columns(connection: duckdb.DuckDBPyConnection, table: str, found: Sequence[tuple[str, str]]) -> None:
    """Add the columns that came later, where nothing else is missing."""
    columns = _expected()[table]
    later = columns[len(columns) - CAME_LATER.get(table, 0) :]
    missing = [column for column in later if column not in found]
    if missing and _are_the_same([*found, *missing], columns):
        for column, type_ in missing:
            connection.execute(f"alter table {table} add column {column} {type_}")
        if table == "raw.rejected_rows":
            # Whom they name was not noted, so that forgetting would not find them; the files are read again anyway.
            connection.execute("update raw.rejected_rows set text = ''")


def _are_the_same(found: Sequence[tuple[str, str]], expected: Sequence[tuple[str, str]]) -> bool:
    """Columns that came later may stand in another order: each was added where the table then ended."""
    return sorted(found) == sorted(expected)


def make_raw_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the `raw.*` tables that do not exist yet.

    Raises:
        OldWarehouse: one exists with other columns.
    """
    existing = _found(connection)
    for name, raw in RAW_TABLES.items():
        if name not in existing:
            connection.execute(f"create table {name} ({raw.definition})")
        elif not _are_the_same(existing[name], _expected()[name]):
            _add_columns(connection, name, existing[name])
            if _are_the_same(_found(connection)[name], _expected()[name]):
                continue
            raise OldWarehouse(
                f"{name} has other columns than this version of Parcours writes. "
                "Move warehouse.duckdb away and run again: "
                "every export that still lies in its folder is loaded again. Keep .parcours-key beside it."
            )
    known = table_states(connection)
    note_changes(connection, [name for name in RAW_TABLES if name not in known])
