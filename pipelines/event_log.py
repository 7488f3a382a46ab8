"""Dagster's SQLite history with its databases kept open.

A run notes some 700 events. Dagster's own storage makes an engine, opens the database, compiles the statement, commits
to the disk and closes it for each: most of the time of a run that has nothing to do. Here a process keeps the few
databases that it uses open; the files are the same.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import sqlalchemy as db
from dagster._core.storage.event_log import SqliteEventLogStorage
from dagster._core.storage.event_log.sqlite.sqlite_event_log import INDEX_SHARD_NAME
from dagster._core.storage.sqlite_storage import DagsterSqliteStorage
from dagster._serdes import ConfigurableClassData

KEPT_OPEN = 4
"""Databases that a process keeps open: the index, and those of the runs it used last."""


class OpenEventLog(SqliteEventLogStorage):
    """The log of events, a database a run and an index, each opened once."""

    def __init__(self, base_dir: str) -> None:
        self._open: OrderedDict[str, db.Connection] = OrderedDict()
        self._one_at_a_time = threading.Lock()
        super().__init__(base_dir)

    def run_connection(self, run_id: str | None = None) -> AbstractContextManager[db.Connection]:
        """The database of a run."""
        return self._transaction(run_id or "")

    def index_connection(self) -> AbstractContextManager[db.Connection]:
        """The database of what is asked across runs."""
        return self._transaction(INDEX_SHARD_NAME)

    def dispose(self) -> None:
        """Close what is open."""
        with self._one_at_a_time:
            while self._open:
                _close(self._open.popitem()[1])
        super().dispose()

    @contextmanager
    def _transaction(self, shard: str) -> Iterator[db.Connection]:
        with self._one_at_a_time:
            if shard not in self._open:
                with self._connect(shard):
                    pass  # makes the tables where there are none yet
                self._open[shard] = _open(self.conn_string_for_shard(shard))
            self._open.move_to_end(shard)
            while len(self._open) > KEPT_OPEN:
                _close(self._open.popitem(last=False)[1])
            with self._open[shard].begin():
                yield self._open[shard]


class OpenSqliteStorage(DagsterSqliteStorage):
    """Dagster's SQLite storage with that log of events."""

    def __init__(self, base_dir: str, inst_data: ConfigurableClassData | None = None) -> None:
        super().__init__(base_dir, inst_data)
        self._event_log_storage = OpenEventLog(f"{base_dir}/history/runs")

    @classmethod
    def from_config_value(cls, inst_data: ConfigurableClassData | None, config_value: Any) -> OpenSqliteStorage:
        """As dagster.yaml says."""
        return cls.from_local(inst_data=inst_data, **config_value)


def _open(address: str) -> db.Connection:
    engine = db.create_engine(
        address, poolclass=db.pool.StaticPool, connect_args={"timeout": 20, "check_same_thread": False}
    )
    connection = engine.connect()
    # A power cut may take the last events along; it can't harm the file.
    connection.exec_driver_sql("pragma synchronous = normal")
    connection.commit()
    return connection


def _close(connection: db.Connection) -> None:
    connection.close()
    connection.engine.dispose()
