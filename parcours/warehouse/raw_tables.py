"""The `raw.*` tables: the rows of every export as loaded, and the accounting of every file."""

from __future__ import annotations

import duckdb

from parcours.warehouse.canonical import KINDS
from parcours.warehouse.connection import SOMEBODY, table_columns, text_literal
from parcours.warehouse.refresh_log import note_change, table_states

LOADS = (
    "file_id text, path text, file_order text, load_number bigint, export text, format text, kind text, status text, "
    "reason text, rows_read bigint, rows_loaded bigint, rows_duplicate bigint, rows_rejected bigint, "
    "covers_until timestamp"
)
"""`load_number` counts the runs that loaded something; `file_order` sorts as people read file names: 9 before 10."""

REJECTED_ROWS = "file_id text, line bigint, reason text, text text"

OBSERVED_NAMES = "file_id text, export text, what text, name text, row_count bigint"
"""What a file's columns (or keys) and its events are called, so that the next load can say what is new."""

FORGETTINGS = "forgotten_at timestamp, identifier_count bigint, table_name text, row_count bigint"
"""What was deleted for somebody who asked to be forgotten: when, and how many rows of each table; not of whom."""

BOOKKEEPING = "file_id text, line bigint, export text, row_hash uhugeint, covers_until timestamp, file_order text"
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

RAW_TABLES = {
    "raw.loads": "One row per file: rows read = loaded + duplicate + rejected. A file is loaded once per content, "
    "whatever its name, in one transaction; a refused file says why.",
    "raw.rejected_rows": "One row per rejected row: its file, line, reason and text, with personal data masked.",
    "raw.observed_names": "One row per file and name of a column, key or event in it, with its rows.",
    "raw.forgettings": "One row per person who asked to be forgotten and table: the rows deleted, and when; not who.",
    **{f"raw.{kind.name}": kind.about for kind in KINDS.values()},
}


class OldWarehouse(Exception):
    """The warehouse was made by an earlier version; the text says what to do."""


def make_raw_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Create the `raw.*` tables that do not exist yet.

    Raises:
        OldWarehouse: one exists with other columns.
    """
    tables = {
        "loads": LOADS,
        "rejected_rows": REJECTED_ROWS,
        "observed_names": OBSERVED_NAMES,
        "forgettings": FORGETTINGS,
    }
    for kind in KINDS.values():
        columns = ", ".join(f"{column.name} {column.type}" for column in kind.columns)
        tables[kind.name] = f"{BOOKKEEPING}, {columns}, {VERSION}"
        if identifier := OWN_IDENTIFIER.get(kind.name):
            tables[kind.name] += (
                f", own_identifier text generated always as ('{identifier}:' || {SOMEBODY.format(kind.key)}) virtual"
            )
    known = table_states(connection)
    for name, columns in tables.items():
        connection.execute(f"create table if not exists raw.{name} ({columns})")
        connection.execute(f"create or replace temp table expected ({columns})")
        if table_columns(connection, f"raw.{name}") != table_columns(connection, "expected"):
            raise OldWarehouse(
                f"raw.{name} has other columns than this version of Parcours writes. "
                "Move warehouse.duckdb away and run again: "
                "every export that still lies in its folder is loaded again. Keep .parcours-key beside it."
            )
        if f"raw.{name}" not in known:
            note_change(connection, f"raw.{name}")
        connection.execute(f"comment on table raw.{name} is {text_literal(RAW_TABLES[f'raw.{name}'])}")
