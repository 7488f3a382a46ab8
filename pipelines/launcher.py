"""Runs that ended without a word: how Dagster's daemon finds them.

A run whose process is killed, or whose machine loses power, stays *started* for ever in Dagster's history, and every
later night waits for it. Dagster's own launcher can't say whether a run lives; this one can: each run holds a lock on
a file of its own, which the operating system lets go of with the process.
"""

from __future__ import annotations

import fcntl
import os
import time
from pathlib import Path

import dagster as dg
from dagster._core.launcher.base import CheckRunHealthResult, WorkerStatus
from dagster._core.launcher.default_run_launcher import DefaultRunLauncher

TIME_TO_HOLD = 60
"""Seconds that a started run may take until it holds its lock."""

_held: dict[str, int] = {}


def hold_run(instance: dg.DagsterInstance, run_id: str) -> None:
    """Hold a run's lock until this process ends, which is after Dagster has noted how the run ended."""
    if not instance.is_persistent or run_id in _held:
        return
    path = lock_of(instance, run_id)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{run_id}")
    _held[run_id] = os.open(beside, os.O_RDWR | os.O_CREAT, 0o644)
    fcntl.flock(_held[run_id], fcntl.LOCK_EX)
    beside.replace(path)  # under its name only when it is locked: the daemon may look at any moment


def lock_of(instance: dg.DagsterInstance, run_id: str) -> Path:
    """The file that a run locks."""
    return Path(instance.root_directory) / "alive" / run_id


class WatchedRunLauncher(DefaultRunLauncher):
    """Dagster's launcher, which can also say whether a run lives: the daemon then marks a dead one as failed."""

    @property
    def supports_check_run_worker_health(self) -> bool:
        """It can."""
        return True

    def check_run_worker_health(self, run: dg.DagsterRun) -> CheckRunHealthResult:
        """Whether a started run still holds its lock; it counts as alive in the first minute, if it has none yet."""
        path = lock_of(self._instance, run.run_id)
        if not path.exists():
            record = self._instance.get_run_record_by_id(run.run_id)
            started = record.start_time if record else None
            if started and time.time() - started < TIME_TO_HOLD:
                return CheckRunHealthResult(WorkerStatus.RUNNING)
        elif _is_locked(path):
            return CheckRunHealthResult(WorkerStatus.RUNNING)
        return CheckRunHealthResult(
            WorkerStatus.FAILED,
            "The process of this run ended without a word: it was killed, ran out of memory, or the machine stopped. "
            "The tables that it had finished stand, and what is published is that of the last good run. "
            "Nothing needs to be repaired: the next run goes on from there",
        )


def _is_locked(path: Path) -> bool:
    with path.open("r+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False
