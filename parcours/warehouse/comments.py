"""What a table and its columns are: read from its SQL file, written into the database for whoever explores it.

A table that Python writes is declared like the others in `sql/<schema>/<name>.sql`, by `create table` instead of a
select, with a column and its sentence on each line. Here: reading such a file, writing the sentences of any table, and
taking them along into another database. Not here: files that are selects (`parcours/engine/model.py`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Protocol

import duckdb

from parcours.project import ROOT
from parcours.warehouse.connection import quoted, text_literal, transaction


class Described(Protocol):
    """A declared table: its qualified name, its sentence, and a sentence for each column."""

    @property
    def table(self) -> str: ...
    @property
    def description(self) -> str: ...
    @property
    def columns(self) -> Mapping[str, str]: ...


class DeclarationError(Exception):
    """A file that begins with `create table` can't be read; names the file and line, what was found and expected."""


@dataclass(frozen=True)
class DeclaredTable:
    """A table that Python writes: what a row is, its key, and its columns (name and type) with their sentences."""

    table: str
    description: str
    typed_columns: Mapping[str, str]
    key: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Its name without the schema."""
        return self.table.split(".")[1]

    @property
    def columns(self) -> dict[str, str]:
        """The sentence of each column."""
        return {column.split(" ", 1)[0]: about for column, about in self.typed_columns.items()}

    @property
    def definition(self) -> str:
        """Its columns and types, as `create table` takes them."""
        return ", ".join(self.typed_columns)


@cache
def is_declaration(path: Path) -> bool:
    """Whether a file of `sql/` declares a table that Python writes, and is no select."""
    return re.search(r"^create table", path.read_text(encoding="utf-8"), re.MULTILINE) is not None


@cache
def read_declaration(table: str) -> DeclaredTable:
    """What `sql/<schema>/<name>.sql` declares.

    Raises:
        DeclarationError: a line is neither a comment, the head, nor a column with its type and sentence.
    """
    path = ROOT / "sql" / f"{table.replace('.', '/')}.sql"
    head, key, columns = [], "", {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if column := re.match(r"^    (\w+ [\w(),>=' \[\]]+?),?\s+-- (.+)$", line):
            columns[column[1]] = column[2]
        elif line.startswith("-- key: "):
            key = line.removeprefix("-- key: ")
        elif line.startswith("-- "):
            head.append(line.removeprefix("-- "))
        elif line not in (f"create table {table} (", ")"):
            raise DeclarationError(
                f"{path}, line {number}: found {line!r}, expected 'create table {table} (', then on each line a "
                "column, its type and '-- <sentence>', then ')'."
            )
    return DeclaredTable(table, " ".join(head), columns, tuple(key.split(", ")) if key else ())


def make_declared(connection: duckdb.DuckDBPyConnection, declared: DeclaredTable) -> None:
    """Create a table, empty, where it does not exist or has other columns than its file declares."""
    schema, name = declared.table.split(".")
    found = connection.execute(
        "select column_name from duckdb_columns() where database_name = current_database() and schema_name = ? "
        "and table_name = ? order by column_index",
        [schema, name],
    ).fetchall()
    if [column for (column,) in found] != list(declared.columns):
        connection.execute(f"create or replace table {declared.table} ({declared.definition})")
        comment_table(connection, declared)


def comment_table(connection: duckdb.DuckDBPyConnection, declared: Described) -> None:
    """Write the sentences of a table that exists, those that it does not carry yet."""
    comment_tables(connection, [declared])


def comment_tables(connection: duckdb.DuckDBPyConnection, tables: Sequence[Described]) -> None:
    """Write the sentences of those of some tables that exist, what they do not carry yet."""
    known = _comments(connection, [declared.table for declared in tables])
    for declared in tables:
        wanted: list[tuple[str | None, str]] = [(None, declared.description), *declared.columns.items()]
        for column, text in wanted:
            place = (declared.table, column)
            if place in known and known[place] != text:
                _comment(connection, declared.table, column, text)


def comment_refreshed(connection: duckdb.DuckDBPyConnection, declared: Described) -> None:
    """The same for a table that was just refreshed, without looking where neither it nor a sentence has changed."""
    said = hashlib.sha256(repr((declared.description, sorted(declared.columns.items()))).encode()).hexdigest()
    known = connection.execute(
        "select changed_at || ' ' || $said, exists (select 1 from refresh_log.commented as commented where "
        "commented.table_name = $table and commented.version = changed_at || ' ' || $said) "
        "from refresh_log.tables where table_name = $table",
        {"table": declared.table, "said": said},
    ).fetchall()
    if known and known[0][1]:
        return
    with transaction(connection):
        comment_table(connection, declared)
        connection.execute("delete from refresh_log.commented where table_name = ?", [declared.table])
        if known:
            connection.execute("insert into refresh_log.commented values (?, ?)", [declared.table, known[0][0]])


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
