"""A shop's Dagster history: where it is, and how much of it is kept.

It lies in `.dagster` beside the shop's warehouse, so that two shops never share one. A run is some 5 MB of it.
"""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import dagster as dg

from parcours.people.traces import Traces
from parcours.project import ROOT, Project

KEPT_RUNS = 30
"""So many runs are kept, a month of nights; each asset keeps its last materialization in any case."""

KEPT_DAYS = 90
"""Runs are kept for so long, where they are fewer."""

FREE_SHARE = 0.25
"""A file of which more than this is free is written anew; less of it is filled by the next runs."""


def dagster_home(project: Project) -> Path:
    """The folder of a shop's history, with its dagster.yaml written from ours: what DAGSTER_HOME must be."""
    home = project.output / ".dagster"
    home.mkdir(parents=True, exist_ok=True)
    home.chmod(0o700)  # what its databases hold is as private as the warehouse
    text = (ROOT / "dagster.yaml").read_text(encoding="utf-8")
    text = re.sub(r"base_dir: \.dagster(.*)", lambda found: f"base_dir: {json.dumps(f'{home}{found[1]}')}", text)
    settings = home / "dagster.yaml"
    if not settings.exists() or settings.read_text(encoding="utf-8") != text:
        settings.write_text(text, encoding="utf-8")
    return home


def leave_stored_history(project: Project, traces: Traces) -> None:
    """Likewise `leave_history`, of a shop whose Dagster does nothing now."""
    if (project.output / ".dagster").exists():
        with dg.DagsterInstance.from_config(str(dagster_home(project))) as instance:
            leave_history(instance, traces)


def prune(instance: dg.DagsterInstance, kept_runs: int = KEPT_RUNS, kept_days: int = KEPT_DAYS) -> int:
    """Delete all but the newest runs that have ended, and give their room back; returns how many."""
    if not instance.is_persistent:
        return 0
    too_old = time.time() - kept_days * 24 * 3600
    ended = [record for record in instance.get_run_records() if record.dagster_run.is_finished]
    gone = [
        record.dagster_run.run_id
        for place, record in enumerate(ended)
        if place >= kept_runs or (place > 0 and (record.end_time or record.start_time or too_old) < too_old)
    ]
    _delete(instance, gone)
    return len(gone)


def leave_history(instance: dg.DagsterInstance, traces: Traces, but: str | None = None) -> int:
    """Delete the runs whose history names one of somebody's ids, and return how many; all runs have ended, but one.

    Args:
        instance: Dagster's.
        traces: the ids.
        but: the run that asks.
    """
    if not instance.is_persistent:
        return 0
    runs = [record.dagster_run.run_id for record in instance.get_run_records()]
    gone = [run_id for run_id in runs if run_id != but and any(map(traces.are_in, _texts(instance, run_id)))]
    _delete(instance, gone, wholly=True)
    return len(gone)


def _texts(instance: dg.DagsterInstance, run_id: str) -> Iterator[str]:
    """All that is kept of a run, as text."""
    for file in _files(Path(instance.root_directory), run_id):
        for path in sorted(file.rglob("*")) if file.is_dir() else [file]:
            if path.is_file():
                yield path.read_bytes().decode(errors="replace")
    if record := instance.get_run_record_by_id(run_id):
        yield str(record.dagster_run)


def _files(home: Path, run_id: str) -> list[Path]:
    """The files and folders of a run of its own."""
    events = [home / "history" / "runs" / f"{run_id}.db{suffix}" for suffix in ("", "-wal", "-shm")]
    return [*events, home / "storage" / run_id, home / "compute_logs" / run_id, home / "alive" / run_id]


def _delete(instance: dg.DagsterInstance, run_ids: Sequence[str], *, wholly: bool = False) -> None:
    """Delete runs and give their room back; wholly: so that nothing of them stays in free pages either."""
    home = Path(instance.root_directory)
    index = home / "history" / "runs" / "index.db"
    for run_id in run_ids:
        instance.delete_run(run_id)
        with closing(sqlite3.connect(index, timeout=20)) as connection, connection:
            connection.execute("delete from asset_check_executions where run_id = ?", [run_id])
            if wholly:
                connection.execute("update asset_keys set last_materialization = null where last_run_id = ?", [run_id])
        for path in _files(home, run_id):
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
    if run_ids:
        for database in (home / "history" / "runs.db", index):
            _shrink(database, always=wholly)


def _shrink(database: Path, *, always: bool) -> None:
    with closing(sqlite3.connect(database, timeout=20)) as connection:
        (free,), (pages,) = (
            connection.execute(f"pragma {what}").fetchone() for what in ("freelist_count", "page_count")
        )
        if always or free > FREE_SHARE * pages:
            connection.execute("vacuum")
            connection.execute("pragma wal_checkpoint(truncate)")
