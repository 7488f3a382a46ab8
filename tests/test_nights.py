"""Nights that are killed: with Dagster's real daemon, web server, code server and run processes, and `kill -9`.

After each kill the dead run must be marked as failed, with a message, and the next scheduled run must end well, with
nobody doing anything but starting Dagster again where it was killed itself.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

import dagster as dg
import pytest
from shops import first_days

from parcours.project import ROOT, Project
from parcours.tables.verify import find_differences
from pipelines.history import dagster_home

pytestmark = pytest.mark.nights
PATIENCE = 900
Found = TypeVar("Found")


def until(what: str, found: Callable[[], Found | None], log: Path) -> Found:
    """What is found at last; fails with the end of Dagster's log if it never is."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if (value := found()) is not None:
            return value
        time.sleep(0.2)
    pytest.fail(f"waited in vain until {what}:\n{log.read_text()[-4000:] if log.exists() else ''}")


def session_of(pid: int) -> list[int]:
    """All processes of the session that a process leads: Dagster starts its services and runs in it."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stat = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if int(stat[3]) == pid:
                found.append(int(entry.name))
    return found


def kill(*pids: int) -> None:
    for pid in pids:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue


class Nights:
    """A shop whose nights come every minute, and what its history says of them."""

    def __init__(self, shop: Project) -> None:
        self.shop = shop
        self.home = dagster_home(shop)
        self.log = shop.output / "dagster.log"
        self.environment = os.environ | {
            "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")]),
            "PARCOURS_JOURNEY": str(shop.journey_file),
            "PARCOURS_EXPORTS": str(shop.exports_folder),
            "PARCOURS_OUTPUT": str(shop.output),
            "DAGSTER_HOME": str(self.home),
        }

    @contextmanager
    def command(self, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", *arguments],
                cwd=self.home,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            yield process
        finally:
            kill(*session_of(process.pid))
            process.wait()

    @contextmanager
    def dagster(self) -> Iterator[int]:
        """Dagster's services as `parcours ui` starts them."""
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        served = ("-m", "minutely_nights", "--host", "127.0.0.1", "--port", str(port))
        with self.command("dagster", "dev", *served) as process:
            yield process.pid

    def runs(self) -> list[dg.DagsterRun]:
        """From the newest."""
        with dg.DagsterInstance.from_config(str(self.home)) as instance:
            return list(instance.get_runs())

    def run(self, run_id: str) -> dg.DagsterRun:
        return next(run for run in self.runs() if run.run_id == run_id)

    def underway(self) -> tuple[int, str] | None:
        """The process that has the warehouse, and its run; nothing before it has loaded the exports."""
        try:
            holder = json.loads(self.shop.run_file.read_text())
            os.kill(holder["pid"], 0)
        except (OSError, ValueError):
            return None
        started = [run for run in self.runs() if run.status == dg.DagsterRunStatus.STARTED]
        if not started:
            return None
        with dg.DagsterInstance.from_config(str(self.home)) as instance:
            done = instance.get_run_stats(started[0].run_id).materializations
        return (holder["pid"], started[0].run_id) if done >= 35 else None

    def messages(self, run_id: str) -> str:
        with dg.DagsterInstance.from_config(str(self.home)) as instance:
            return "\n".join(entry.message for entry in instance.all_logs(run_id))

    def wait_for_failure(self, run_id: str) -> None:
        until(f"{run_id} is failed", lambda: self.run(run_id).status == dg.DagsterRunStatus.FAILURE or None, self.log)
        # Dagster's server says so itself of a run that was killed under it.
        told = self.messages(run_id)
        assert "ended without a word" in told or "terminated by signal 9" in told

    def wait_for_success_after(self, run_id: str) -> None:
        """That of a scheduled run that began after this one."""

        def ended_well() -> bool | None:
            runs = self.runs()
            later = runs[: [run.run_id for run in runs].index(run_id)]
            failed = [run for run in later if run.status == dg.DagsterRunStatus.FAILURE]
            assert not failed, self.messages(failed[0].run_id)
            good = [run for run in later if run.status == dg.DagsterRunStatus.SUCCESS]
            return any("dagster/schedule_name" in run.tags for run in good) or None

        until(f"a night after {run_id} ends well", ended_well, self.log)


@pytest.fixture
def nights(tmp_path: Path) -> Nights:
    return Nights(first_days(tmp_path, 2))


def test_whatever_is_killed_the_dead_run_is_failed_and_the_next_night_ends_well(nights: Nights) -> None:
    with nights.command("pipelines", "run") as command:
        pid, run_id = until("a run of the command line is underway", nights.underway, nights.log)
        assert pid == command.pid
        kill(pid)
    with nights.dagster():
        nights.wait_for_failure(run_id)
        nights.wait_for_success_after(run_id)

        pid, run_id = until("a night is underway", nights.underway, nights.log)
        kill(pid)
        nights.wait_for_failure(run_id)
        nights.wait_for_success_after(run_id)

    with nights.dagster() as served:
        _, run_id = until("a night is underway", nights.underway, nights.log)
        kill(*session_of(served))
    with nights.dagster():
        nights.wait_for_failure(run_id)
        nights.wait_for_success_after(run_id)

    with nights.dagster() as served:
        _, run_id = until("a night is underway", nights.underway, nights.log)
        commands = {pid: Path(f"/proc/{pid}/cmdline").read_bytes() for pid in session_of(served)}
        (daemon,) = [pid for pid, line in commands.items() if b"dagster._daemon" in line]
        kill(daemon)
        os.waitid(os.P_PID, served, os.WEXITED | os.WNOWAIT)  # the others end with it
    with nights.dagster():
        until("the run is over", lambda: nights.run(run_id).is_finished or None, nights.log)
        nights.wait_for_success_after(run_id)
    assert find_differences(nights.shop) == []
