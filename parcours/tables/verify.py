"""Whether the refreshed tables are those that a full build would make: `parcours run --verify`.

Everything is built whole from the same loaded rows into a database of its own, which is thrown away; the warehouse is
only read. Here: that build, and naming what differs by table, key and column. Not here: how a refresh works
(`parcours/engine/refresh.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import duckdb

from parcours.engine.refresh import find_changed
from parcours.project import Project
from parcours.tables.catalogue import LOADED_TABLES, build_all, declared_tables
from parcours.warehouse.connection import naming_the_holder, prepare, pseudonym_key, quoted, table_columns, text_literal

SHOWN = 3
"""Rows shown of each difference."""

SAME = 1e-9
"""Doubles that are so close, relative to the larger, differ by the order of summation only."""


@dataclass(frozen=True)
class Difference:
    """What is other in a table: a column in some rows, or (None) whole rows.

    Attributes:
        table: the table.
        column: the column; None: the rows are on one side only.
        row_count: how many rows differ so.
        shown: the first of them, in words: key and values.
    """

    table: str
    column: str | None
    row_count: int
    shown: tuple[str, ...]

    def __str__(self) -> str:
        what = f"{self.table}, {self.column}" if self.column else self.table
        rows = "1 row differs" if self.row_count == 1 else f"{self.row_count} rows differ"
        more = [f"… and {self.row_count - len(self.shown)} more"] if self.row_count > len(self.shown) else []
        return "\n    ".join([f"{what}: {rows}", *self.shown, *more])


def find_differences(project: Project) -> list[Difference]:
    """What the tables of a shop's warehouse say otherwise than built whole; upstreams first, none if all is equal."""
    with (
        TemporaryDirectory(prefix=".verify-", dir=project.output) as folder,
        duckdb.connect(str(Path(folder) / "whole.duckdb")) as connection,
    ):
        attach_kept(connection, project)
        build_whole(connection, project)
        return compare(connection, project)


def attach_kept(connection: duckdb.DuckDBPyConnection, project: Project) -> None:
    """The warehouse as it was kept, as the database `kept`; nobody can write it there."""
    with naming_the_holder(project):
        connection.execute(f"attach {text_literal(str(project.warehouse))} as kept (read_only)")


def build_whole(connection: duckdb.DuckDBPyConnection, project: Project) -> None:
    """Build every table from what `kept` has loaded."""
    prepare(connection, pseudonym_key(project))
    for table in LOADED_TABLES:
        connection.execute(f"create view {table} as from kept.{table}")
    build_all(connection, project)


def compare(connection: duckdb.DuckDBPyConnection, project: Project) -> list[Difference]:
    """What the tables of `kept` say otherwise than those built whole."""
    return [found for table in declared_tables(project) for found in _differences(connection, table.table, table.key)]


def _differences(connection: duckdb.DuckDBPyConnection, table: str, key: Sequence[str]) -> list[Difference]:
    """What differs in one table."""
    columns, kept_columns = table_columns(connection, table), table_columns(connection, f"kept.{table}")
    if columns != kept_columns:
        return [Difference(table, None, 0, (f"columns: {kept_columns} refreshed, {columns} built whole",))]
    find_changed(connection, f"select *, 0 as place from kept.{table}", table)
    # Where no key is declared, rows are paired by all that does not depend on the order of summation.
    names = key or [name for name, type_ in columns if type_ != "DOUBLE"]
    same_key = " and ".join(f"kept_row.{quoted(name)} is not distinct from whole_row.{quoted(name)}" for name in names)
    connection.execute(
        "create or replace temp table paired_rows as from "
        "(select c as kept_row from changed_rows as c where sides > 0) full join "
        f"(select c as whole_row from changed_rows as c where sides < 0) on {same_key}"
    )
    row = "concat_ws(', ', {})".format(
        ", ".join(
            text_literal(f"{name} = ") + f" || {_text(f'coalesce(kept_row, whole_row).{quoted(name)}')}"
            for name in names
        )
    )
    found = [
        _difference(connection, table, None, f"{row} || ': only refreshed'", "whole_row is null"),
        _difference(connection, table, None, f"{row} || ': only built whole'", "kept_row is null"),
    ]
    for name, type_ in columns:
        kept, whole = f"kept_row.{quoted(name)}", f"whole_row.{quoted(name)}"
        is_other = f"kept_row is not null and whole_row is not null and {kept} is distinct from {whole}"
        if type_ == "DOUBLE":
            is_other += (
                f" and not coalesce(abs({kept} - {whole}) <= {SAME} * greatest(abs({kept}), abs({whole})), false)"
            )
        said = f"{row} || ': ' || {_text(kept)} || ' refreshed, ' || {_text(whole)} || ' built whole'"
        found.append(_difference(connection, table, name, said, is_other))
    return [difference for difference in found if difference]


def _text(value: str) -> str:
    return f"coalesce(cast({value} as text), 'null')"


def _difference(
    connection: duckdb.DuckDBPyConnection, table: str, column: str | None, said: str, condition: str
) -> Difference | None:
    """The rows of `paired_rows` that fulfil a condition, in words."""
    rows = connection.execute(
        f"select {said} as said, count(*) over () from paired_rows where {condition} order by said limit {SHOWN}"
    ).fetchall()
    return Difference(table, column, rows[0][1], tuple(text for text, _ in rows)) if rows else None
