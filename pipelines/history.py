"""A shop's Dagster history: where it is, and how much of it is kept.

It lies in `.dagster` beside the shop's warehouse, so that two shops never share one. A run is some 5 MB of it.
"""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import dagster as dg

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
    text = (ROOT / "dagster.yaml").read_text(encoding="utf-8")
    text = re.sub(r"base_dir: \.dagster(.*)", lambda found: f"base_dir: {json.dumps(f'{home}{found[1]}')}", text)
    settings = home / "dagster.yaml"
    if not settings.exists() or settings.read_text(encoding="utf-8") != text:
        settings.write_text(text, encoding="utf-8")
    return home


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
    home = Path(instance.root_directory)
    for run_id in gone:
        instance.delete_run(run_id)
        with closing(sqlite3.connect(home / "history" / "runs" / "index.db", timeout=20)) as index, index:
            index.execute("delete from asset_check_executions where run_id = ?", [run_id])
        for suffix in ("", "-wal", "-shm"):
            (home / "history" / "runs" / f"{run_id}.db{suffix}").unlink(missing_ok=True)
        for folder in ("storage", "compute_logs"):
            shutil.rmtree(home / folder / run_id, ignore_errors=True)
        (home / "alive" / run_id).unlink(missing_ok=True)
    if gone:
        for database in (home / "history" / "runs.db", home / "history" / "runs" / "index.db"):
            _shrink(database)
    return len(gone)


def _shrink(database: Path) -> None:
    with closing(sqlite3.connect(database, timeout=20)) as connection:
        (free,), (pages,) = (
            connection.execute(f"pragma {what}").fetchone() for what in ("freelist_count", "page_count")
        )
        if free > FREE_SHARE * pages:
            connection.execute("vacuum")
            connection.execute("pragma wal_checkpoint(truncate)")
