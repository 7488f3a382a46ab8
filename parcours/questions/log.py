"""A table of events, whatever holds it: a DataFrame, an Arrow table, a Parquet or CSV file, a relation of DuckDB."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd

from parcours.questions.steps import QuestionError
from parcours.warehouse.connection import quoted, text_literal

TABLE = "event_log"
"""What its SQL calls the table."""


@dataclass(frozen=True)
class Log:
    """A table of events in a DuckDB connection, with its columns and their types."""

    relation: duckdb.DuckDBPyRelation

    @property
    def columns(self) -> Mapping[str, str]:
        """The type of each column."""
        return dict(zip(self.relation.columns, map(str, self.relation.types), strict=True))

    def ask(self, sql: str) -> pd.DataFrame:
        """The rows of a select over `event_log`."""
        try:
            self._say("set asof_loop_join_threshold = 0")
            found = self.relation.query(TABLE, sql)
            return found.df() if found is not None else pd.DataFrame()
        except duckdb.Error as error:
            raise QuestionError(f"DuckDB: {error}\nThe columns are: {', '.join(self.columns)}.") from None
        finally:
            self._say("reset asof_loop_join_threshold")

    def _say(self, statement: str) -> None:
        """A statement to the relation's connection.

        DuckDB makes an ASOF join of what it thinks are few rows a loop over all pairs, and of the hits of a day it
        always thinks so: of 2 million events it took over ten minutes.
        """
        said = self.relation.query(TABLE, statement)
        if said is not None:
            said.fetchall()

    def instant(self, column: str) -> str:
        """A column's instants in UTC, as SQL."""
        kind = self.columns[self.known(column)]
        name = quoted(column)
        return f"{name} at time zone 'UTC'" if kind == "TIMESTAMP WITH TIME ZONE" else f"cast({name} as timestamp)"

    def known(self, column: str) -> str:
        """The column's name.

        Raises:
            QuestionError: the table has none of this name.
        """
        if column not in self.columns:
            raise QuestionError(f"No column {column!r}. The table has: {', '.join(self.columns)}.")
        return column


def as_log(events: Any) -> Log:
    """What a table of events is read through.

    Args:
        events: a DataFrame, an Arrow table, a relation of DuckDB, or the path of a Parquet or CSV file (a glob too).

    Raises:
        QuestionError: it is none of these, or the file can't be read.
    """
    if isinstance(events, Log):
        return events
    if isinstance(events, duckdb.DuckDBPyRelation):
        return Log(events)
    connection = duckdb.connect()
    connection.execute("set TimeZone = 'UTC'")
    try:
        if isinstance(events, str | Path):
            reader = "read_csv" if ".csv" in str(events).lower() else "read_parquet"
            return Log(connection.sql(f"from {reader}({text_literal(str(events))})"))
        connection.register("given_events", events)
        return Log(connection.table("given_events"))
    except (duckdb.Error, TypeError) as error:
        raise QuestionError(
            f"Events: expected a DataFrame, an Arrow table, a relation of DuckDB or a path. {error}"
        ) from None
