"""Whose turn it is at the warehouse: one run at a time, who waits, and what is left of one that was killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from parcours.project import ROOT, Project, load_project
from parcours.warehouse.connection import WarehouseBusy, open_warehouse
from parcours.warehouse.run_lock import run_lock

HOLD = """
import sys
from pathlib import Path
from parcours.project import load_project
from parcours.warehouse.run_lock import run_lock
project = load_project(Path("journey.yaml"), Path(sys.argv[1]), Path(sys.argv[1]))
with run_lock(project, "the nightly run", say=lambda text: print(text, flush=True)) as left:
    print("holds" if left is None else f"left: {left.by}", flush=True)
    sys.stdin.read()
"""

MAKE = """
import os, sys
from pathlib import Path
from parcours.project import load_project
from parcours.warehouse.comments import comment_table
from parcours.warehouse.connection import open_warehouse
from parcours.warehouse.raw_tables import RAW_TABLES, make_raw_tables
project = load_project(Path("journey.yaml"), Path(sys.argv[1]), Path(sys.argv[1]))
with open_warehouse(project) as connection:
    make_raw_tables(connection)
    for table in RAW_TABLES.values():
        comment_table(connection, table)
    os._exit(9)
"""


def shop(folder: Path) -> Project:
    return load_project(ROOT / "journey.yaml", folder, folder)


def start(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", HOLD, str(folder)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    return process.stdout.readline().strip()


@contextmanager
def held(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that has its turn."""
    with start(folder) as process:
        assert said(process) == "holds"
        yield process
        process.communicate()


def test_a_second_run_is_told_at_once_whose_turn_it_is(tmp_path: Path) -> None:
    with held(tmp_path) as other:
        message = rf"It is the turn of the nightly run \(process {other.pid}, since 20.*start this one when that"
        with pytest.raises(WarehouseBusy, match=message), run_lock(shop(tmp_path), "the command line", wait=False):
            pass
        found = subprocess.run(
            [sys.executable, "-m", "pipelines", "run", "--no-wait", "--exports", str(tmp_path)],
            cwd=ROOT,
            env=os.environ | {"PARCOURS_OUTPUT": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert found.returncode == 1 and "Traceback" not in found.stderr
        assert f"the turn of the nightly run (process {other.pid}" in found.stderr
        assert other.poll() is None
    with run_lock(shop(tmp_path), "the command line", wait=False) as left:
        assert left is None


def test_a_second_run_waits_and_says_so_once(tmp_path: Path) -> None:
    with run_lock(shop(tmp_path), "the command line") as left:
        assert left is None
        waiting = start(tmp_path)
        assert said(waiting).startswith(f"It is the turn of the command line (process {os.getpid()}")
    assert said(waiting) == "holds"
    waiting.communicate()


def test_a_run_that_was_killed_is_noticed_by_the_next_one_alone(tmp_path: Path) -> None:
    with start(tmp_path) as killed:
        assert said(killed) == "holds"
        killed.send_signal(signal.SIGKILL)
    with run_lock(shop(tmp_path), "the command line", wait=False) as left:
        assert left and (left.pid, left.by) == (killed.pid, "the nightly run")
    with run_lock(shop(tmp_path), "the command line", wait=False) as left:
        assert left is None


def test_a_run_within_a_run_goes_on_under_its_lock(tmp_path: Path) -> None:
    with run_lock(shop(tmp_path), "the command line"):
        with run_lock(shop(tmp_path), "a step of it", wait=False):
            pass
        other = start(tmp_path)
        assert said(other).startswith("It is the turn of the command line")
    assert said(other) == "holds"
    other.communicate()


def test_a_warehouse_opens_after_a_run_that_was_killed_before_it_was_closed(tmp_path: Path) -> None:
    killed = subprocess.run([sys.executable, "-c", MAKE, str(tmp_path)], cwd=ROOT, check=False)
    assert killed.returncode == 9 and shop(tmp_path).warehouse.with_name("warehouse.duckdb.wal").exists()
    with open_warehouse(shop(tmp_path)) as connection:
        tables = {name for (name,) in connection.execute("select table_name from duckdb_tables()").fetchall()}
    assert {"events", "order_rows", "loads"} <= tables
