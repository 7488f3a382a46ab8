"""One run at a time: whose turn it is, who waits, and what is left of a run that ended without a word.

A run holds a lock on `.parcours-run` beside the warehouse from its first step to its last. The lock is the operating
system's, so a run that is killed, or whose machine lost power, lets go of it by itself; what it had written of itself
stays, and the next run finds it.

Not here: opening the warehouse (`connection.py`).
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from parcours.project import Project
from parcours.warehouse.connection import WarehouseBusy

LOOK_AGAIN = 0.5
"""Seconds between two looks whether the other run has ended."""


@dataclass(frozen=True)
class Holder:
    """A run that has, or had, the warehouse: its process, who started it, and when (ISO 8601, UTC)."""

    pid: int
    by: str
    started: str

    def __str__(self) -> str:
        return f"{self.by} (process {self.pid}, since {self.started})"


@dataclass
class _Held:
    """What this process holds: a run within a run (a step that builds everything) goes on under the same lock."""

    depth: int
    left: Holder | None


_held: dict[Path, _Held] = {}


@contextmanager
def run_lock(
    project: Project, by: str, *, wait: bool = True, say: Callable[[str], None] = print
) -> Iterator[Holder | None]:
    """Hold the shop's warehouse for a whole run; gives what the last run left of itself, if it died.

    Args:
        project: the shop.
        by: who runs, as others are told: “the command line”, “the night”.
        wait: wait for another run to end; else refuse at once.
        say: is told whose turn it is, when there is something to wait for.

    Raises:
        WarehouseBusy: another run has it, and `wait` is false.
    """
    path = project.run_file.resolve()
    if held := _held.get(path):
        held.depth += 1
        try:
            yield held.left
        finally:
            held.depth -= 1
        return
    project.output.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        _take(file, project, wait, say)
        left = _read(file)
        _write(file, json.dumps(asdict(Holder(os.getpid(), by, datetime.now(UTC).isoformat(timespec="seconds")))))
        _held[path] = _Held(1, left)
        try:
            yield left
        finally:
            del _held[path]
            _write(file, "")


def is_running(project: Project) -> bool:
    """Whether a run has its turn now, in this process or another."""
    if project.run_file.resolve() in _held:
        return True
    if not project.run_file.exists():
        return False
    with project.run_file.open("a+", encoding="utf-8") as file:
        return not _try_lock(file)  # closing the file lets go of it


def _take(file: IO[str], project: Project, wait: bool, say: Callable[[str], None]) -> None:
    told = ""
    while not _try_lock(file):
        turn = f"It is the turn of {_read(file) or 'another run'}"
        if not wait:
            raise WarehouseBusy(
                f"{turn}. One run at a time writes {project.warehouse}: start this one when that has ended, or without "
                "--no-wait, to wait for it."
            )
        if turn != told:
            say(f"{turn}; this run waits until that has ended.")
            told = turn
        time.sleep(LOOK_AGAIN)


def _try_lock(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _read(file: IO[str]) -> Holder | None:
    """Who wrote last; nobody, if the last run ended by itself, or died while it wrote this."""
    file.seek(0)
    try:
        return Holder(**json.loads(file.read()))
    except (ValueError, TypeError):
        return None


def _write(file: IO[str], text: str) -> None:
    file.seek(0)
    file.truncate()
    file.write(text)
    file.flush()
