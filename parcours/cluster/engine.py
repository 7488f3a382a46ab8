"""The engine of a cluster: keyed tables are computed in buckets by Spark's tasks, all others in the warehouse.

What is sent to the cluster, and what comes back, lies as Parquet in the storage; the rows that come back are the
tables of the warehouse too. On most nights few keys have changed, and their rows are brought up to date in the
warehouse, as on one machine: a cluster computes what is made anew, and what has changed much. Not here: which tables
are a step (`steps.py`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Protocol

import duckdb

from parcours.cluster.bucket import Made, Part, Work, Written
from parcours.cluster.steps import steps_of
from parcours.cluster.storage import Storage, Stored, in_parts, new_stamp
from parcours.engine.build import not_built, write_select
from parcours.engine.engine import DuckDBEngine, Step
from parcours.engine.refresh import Refreshed, Table, Through, is_anew, is_behind, refresh_anew
from parcours.warehouse.connection import count_rows, transaction
from parcours.warehouse.refresh_log import State, note_stored, stored_stamps, table_states

FEW = 0.1
"""Where of at most this share of a step's keys something has changed, the warehouse brings them up to date. A task for
every bucket costs as much as for all keys: of a thousand buckets two thousand people are in nine hundred.
"""


class Scheduler(Protocol):
    """What has tasks run: `Spark`."""

    def by_key(self, parts: Sequence[Part], work: Work, buckets: int) -> list[Written]:
        """Send the rows of every part to their buckets, and do the work in each."""


class SparkEngine:
    """Computes tables on a cluster.

    Args:
        spark: has the tasks run.
        storage: seen by driver and workers under one address.
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
        self.here, self.few = DuckDBEngine(), FEW

    def steps(self, tables: Sequence[Table]) -> list[Step]:
        """Those that one shuffle serves are one."""
        return steps_of(tables, self.columns, self.together, self.routes)

    def refresh(
        self, connection: duckdb.DuckDBPyConnection, step: Step, states: dict[str, State] | None = None
    ) -> list[Refreshed]:
        """A step by key on the cluster, if much of what it reads has changed; else in the warehouse."""
        states = table_states(connection) if states is None else states
        if not step.is_by_key:
            return self.here.refresh(connection, step, states)
        self.storage.place.prepare(connection)
        self.storage.read()
        self.storage.keep(stored_stamps(connection))
        if self._is_little(connection, step, states):
            refreshed = self.here.refresh(connection, step, states)
            self.storage.keep(stored_stamps(connection))
            return refreshed
        self._compute(connection, step, states)
        refreshed = []
        for table in step.tables:
            stored = self.storage[table.name]
            read = replace(table, write_whole=partial(write_select, table=table.name, sql=stored.select))
            with transaction(connection):
                refreshed.append(refresh_anew(connection, read, states))
                note_stored(connection, table.name, stored.stamp)
        self.storage.clear()
        return refreshed

    def _is_little(self, connection: duckdb.DuckDBPyConnection, step: Step, states: Mapping[str, State]) -> bool:
        """Whether nothing has changed that a step reads, or few keys have."""
        if not any(is_behind(table, states) for table in step.tables):
            return True
        if any(is_anew(table, states) for table in step.tables):
            return False
        keys = {table.keyed_by for table in step.tables if table.keyed_by}
        return all(self._are_few_keys(connection, step, key, states) for key in keys)

    def _are_few_keys(
        self, connection: duckdb.DuckDBPyConnection, step: Step, key: str, states: Mapping[str, State]
    ) -> bool:
        """Whether few of one kind of keys have changed, as far as the tables that have them know of any."""
        tables = [table for table in step.tables if table.keyed_by == key]
        names = {table.name for table in tables}
        read = {upstream for table in tables for upstream in table.upstreams} - names
        largest = max((name for name in names | read if key in self.columns[name]), key=partial(count_rows, connection))
        [(changed, known)] = connection.execute(
            f"select count(distinct key), (select approx_count_distinct({key}) from {largest}) "
            "from refresh_log.touched where key_name = $key and number > $since and list_contains($read, table_name)",
            {"key": key, "since": min(states[name].built_at for name in names), "read": sorted(read)},
        ).fetchall()
        return bool(changed <= self.few * known)

    def _compute(self, connection: duckdb.DuckDBPyConnection, step: Step, states: Mapping[str, State]) -> None:
        """Have the tables of a step computed; the storage holds them then."""
        routes = {name for sent in step.sends for name in sent.route}
        needed = sorted({*step.read_whole, *routes, *(sent.table for sent in step.sends)})
        if refusal := not_built(connection, step.name, needed):
            raise refusal
        for name in [name for name in needed if name not in self.storage.tables]:
            self.storage.put(connection, name, new_stamp())
            with transaction(connection):
                note_stored(connection, name, self.storage[name].stamp)
        stored = {sent.table: self.storage[sent.table] for sent in step.sends}
        columns = {
            sent.table: tuple(
                (name, type_)
                for name, type_ in stored[sent.table].columns
                if name in (sent.column, sent.key) or step.reads(sent.table, name)
            )
            for sent in step.sends
        }
        sizes, place = self.storage.place.files(), self.storage.place
        parts = [
            Part(sent.table, columns[sent.table], files, sent.column, sent.key, self._files(sent.route), place)
            for sent in step.sends
            for files in in_parts(stored[sent.table].files, sizes)
        ]
        unread = step.unread_after()
        work = Work(
            tuple(
                Made(table.name, table.write_whole, self.storage.new_folder(table.name), unread[table.name])
                for table in step.tables
            ),
            columns,
            {name: self.storage[name].select for name in step.read_whole},
            self.memory,
            place,
        )
        written = self.spark.by_key(parts, work, self.buckets)
        made = {one.table: one.columns for one in written}
        self.storage.publish(
            {
                name: Stored(new_stamp(), made[name], tuple(sorted(one.file for one in written if one.table == name)))
                for name in made
            }
        )

    def _files(self, tables: Sequence[str]) -> tuple[tuple[str, ...], ...]:
        return tuple(self.storage[name].files for name in tables)
