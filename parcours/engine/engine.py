"""Where tables are computed: the one seam between what a table is and what runs its select.

An engine brings a *step* of tables up to date, and says which tables are one. On one machine each table is a step; on
a cluster those that one shuffle serves are (`parcours/cluster`). Whatever computes a table, its rows end in the
warehouse, with the same numbers in its log: so checks, the gate, figures and reports are the same code.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import duckdb

from parcours.engine.build import refresh_table
from parcours.engine.refresh import Refreshed, Table
from parcours.warehouse.refresh_log import State


@dataclass(frozen=True)
class Sent:
    """Rows of an upstream that go to the bucket of a key.

    Attributes:
        table: the upstream.
        key: the column that the buckets are of.
        column: one of the upstream by which its key is found in `route`; the key itself where the upstream has it.
        route: the tables that have both columns; none where the upstream has the key.
    """

    table: str
    key: str
    column: str
    route: tuple[str, ...] = ()


@dataclass(frozen=True)
class Step:
    """Tables that are brought up to date together, upstreams first.

    Attributes:
        tables: these.
        is_by_key: each bucket of keys by itself; else all rows at once.
        sends: what goes to the buckets.
        read_whole: what every bucket reads as it is.
    """

    tables: tuple[Table, ...]
    is_by_key: bool = False
    sends: tuple[Sent, ...] = ()
    read_whole: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """What a log calls it."""
        first, *rest = (table.name for table in self.tables)
        return f"{first} and {len(rest)} more" if rest else first

    def reads(self, upstream: str, column: str) -> bool:
        """Whether a column of an upstream is read, as far as can be known."""
        return any(table.names is None or column in table.names for table in self.tables if upstream in table.upstreams)

    def unread_after(self) -> dict[str, tuple[str, ...]]:
        """Of each table, those sent or made that no table after it reads."""
        last = {table.name: table.name for table in self.tables}
        last |= {upstream: table.name for table in self.tables for upstream in table.upstreams}
        return {
            table.name: tuple(
                name for name, reader in last.items() if reader == table.name and name not in self.read_whole
            )
            for table in self.tables
        }


class Engine(Protocol):
    """What computes tables."""

    def steps(self, tables: Sequence[Table]) -> list[Step]:
        """Tables, given upstreams first, in steps: every table in one, and after all that it reads."""

    def refresh(
        self, connection: duckdb.DuckDBPyConnection, step: Step, states: dict[str, State] | None = None
    ) -> list[Refreshed]:
        """Bring the tables of a step up to date, each in a transaction of its own.

        Args:
            connection: the warehouse.
            step: one of `steps`.
            states: what is known of every table, which this keeps up to date; None: asked of the warehouse.

        Raises:
            ModelError: a select is refused; names the table.
            NotBuilt: a table that is read does not exist.
        """


class DuckDBEngine:
    """One machine: DuckDB, in this process, table by table, at the cost of what changed."""

    def steps(self, tables: Sequence[Table]) -> list[Step]:
        """A table each."""
        return [Step((table,)) for table in tables]

    def refresh(
        self, connection: duckdb.DuckDBPyConnection, step: Step, states: dict[str, State] | None = None
    ) -> list[Refreshed]:
        """By `refresh_table`."""
        return [refresh_table(connection, table, states) for table in step.tables]
