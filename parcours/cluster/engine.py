"""The engine of a cluster: keyed tables are computed in buckets by Spark's tasks, all others in the warehouse.

What is sent to the cluster, and what comes back, lies as Parquet in the storage; the rows that come back are the
tables of the warehouse too. A step of which nothing that it reads has changed is left as it is; else it is computed
whole. Not here: which tables are a step (`steps.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Protocol

import duckdb

from parcours.cluster.bucket import Part, Work, Written
from parcours.cluster.steps import steps_of
from parcours.cluster.storage import Storage, Stored, in_parts
from parcours.engine.build import not_built, refresh_table, write_select
from parcours.engine.engine import Step
from parcours.engine.refresh import Refreshed, Table, Through, is_behind, refresh_anew
from parcours.warehouse.connection import transaction
from parcours.warehouse.refresh_log import State, table_states

NOT_YET = "computed"
"""The stamp of what the warehouse does not have yet."""


class Scheduler(Protocol):
    """What has tasks run: `Spark`."""

    def by_key(self, parts: Sequence[Part], work: Work, buckets: int) -> list[Written]:
        """Send the rows of every part to their buckets, and do the work in each."""


class SparkEngine:
    """Computes tables on a cluster.

    Args:
        spark: has the tasks run.
        storage: a folder that driver and workers see under one path.
        buckets: into how many parts the keys are divided: tasks of a step.
        memory: what a task's DuckDB may use before it spills.
        columns: of every table, of loaded ones too.
        together: the keyed tables that are computed at once all the same.
        routes: by which table a key is found.
    """

    def __init__(
        self,
        spark: Scheduler,
        storage: Storage,
        buckets: int,
        memory: str,
        columns: Mapping[str, Collection[str]],
        together: Collection[str],
        routes: Sequence[Through],
    ) -> None:
        self.spark, self.storage, self.buckets, self.memory = spark, storage, buckets, memory
        self.columns, self.together, self.routes = columns, together, routes

    def steps(self, tables: Sequence[Table]) -> list[Step]:
        """Those that one shuffle serves are one."""
        return steps_of(tables, self.columns, self.together, self.routes)

    def refresh(
        self, connection: duckdb.DuckDBPyConnection, step: Step, states: dict[str, State] | None = None
    ) -> list[Refreshed]:
        """A step by key on the cluster, if something that it reads has changed; else in the warehouse."""
        states = table_states(connection) if states is None else states
        if step.is_by_key:
            self.storage.read()
            self.storage.clear()
        if not step.is_by_key or not any(is_behind(table, states) for table in step.tables):
            return [refresh_table(connection, table, states) for table in step.tables]
        self._compute(connection, step, states)
        refreshed, stamped = [], dict[str, Stored]()
        for table in step.tables:
            stored = self.storage[table.name]
            read = replace(table, write_whole=partial(write_select, table=table.name, sql=stored.select))
            with transaction(connection):
                refreshed.append(refresh_anew(connection, read, states))
            stamped[table.name] = replace(stored, stamp=_stamp(connection, states[table.name]))
        self.storage.publish(stamped)
        self.storage.clear()
        return refreshed

    def _compute(self, connection: duckdb.DuckDBPyConnection, step: Step, states: Mapping[str, State]) -> None:
        """Have the tables of a step computed; the storage holds them then."""
        routes = {name for sent in step.sends for name in sent.route}
        needed = sorted({*step.read_whole, *routes, *(sent.table for sent in step.sends)})
        if refusal := not_built(connection, step.name, needed):
            raise refusal
        for name in needed:
            self.storage.put(connection, name, _stamp(connection, states[name]))
        stored = {sent.table: self.storage[sent.table] for sent in step.sends}
        parts = [
            Part(sent.table, stored[sent.table].columns, files, sent.column, sent.key, self._files(sent.route))
            for sent in step.sends
            for files in in_parts(stored[sent.table].files)
        ]
        work = Work(
            tuple((table.name, table.write_whole, str(self.storage.new_folder(table.name))) for table in step.tables),
            {name: table.columns for name, table in stored.items()},
            {name: self.storage[name].select for name in step.read_whole},
            self.memory,
        )
        written = self.spark.by_key(parts, work, self.buckets)
        columns = {one.table: one.columns for one in written}
        self.storage.publish(
            {
                name: Stored(NOT_YET, columns[name], tuple(sorted(one.file for one in written if one.table == name)))
                for name in columns
            }
        )

    def _files(self, tables: Sequence[str]) -> tuple[tuple[str, ...], ...]:
        return tuple(self.storage[name].files for name in tables)


def _stamp(connection: duckdb.DuckDBPyConnection, state: State) -> str:
    """Which rows of a table these are. Numbers of refreshes are given again: to a warehouse that is made anew, after a
    full refresh. So what an earlier run wrote is of no use: it may be of other exports.
    """
    connection.execute("create temp table if not exists cluster_run as select cast(uuid() as text) as id")
    [(run,)] = connection.execute("from temp.cluster_run").fetchall()
    return f"{run} {state.changed_at}"
