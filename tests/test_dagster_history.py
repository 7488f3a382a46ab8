"""A shop's Dagster history: its own, pruned, and with an end for runs that were killed."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.launcher.base import WorkerStatus

from parcours.project import ROOT, load_project
from pipelines import launcher
from pipelines.code_location import build_defs
from pipelines.history import dagster_home, prune
from pipelines.launcher import WatchedRunLauncher, hold_run, lock_of

HOLD = """
import sys
import dagster as dg
from pipelines.launcher import hold_run
with dg.DagsterInstance.from_config(sys.argv[1]) as instance:
    hold_run(instance, sys.argv[2])
    print("holds", flush=True)
    sys.stdin.read()
"""


@dg.asset
def figures() -> dg.MaterializeResult:  # type: ignore[type-arg]
    return dg.MaterializeResult(metadata={"text": "x" * 50_000})


JOB = dg.Definitions([figures], jobs=[dg.define_asset_job("all_of_it")]).resolve_job_def("all_of_it")


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    home = dagster_home(load_project(ROOT / "journey.yaml", tmp_path, tmp_path))
    assert home == tmp_path / ".dagster"
    with dg.DagsterInstance.from_config(str(home)) as instance:
        yield instance


def test_each_shop_has_a_history_of_its_own(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    JOB.execute_in_process(instance=instance)
    assert (tmp_path / ".dagster" / "history" / "runs.db").exists()
    assert list((tmp_path / ".dagster" / "compute_logs").iterdir())
    home = dagster_home(load_project(ROOT / "journey.yaml", tmp_path, tmp_path / 'it\'s "another"'))
    with dg.DagsterInstance.from_config(str(home)) as other:
        assert other.get_runs_count() == 0 and other.root_directory == str(home)
    assert instance.get_runs_count() == 1


def test_old_runs_leave_the_history_and_their_room_is_given_back(instance: dg.DagsterInstance, tmp_path: Path) -> None:
    for _ in range(12):
        JOB.execute_in_process(instance=instance)
    home = tmp_path / ".dagster"

    def size(of: str) -> int:
        return sum(path.stat().st_size for path in home.rglob(of) if path.is_file())

    before, index_before, newest = size("*"), size("index.db*"), [run.run_id for run in instance.get_runs(limit=3)]
    assert prune(instance, kept_runs=12) == 0
    assert prune(instance, kept_runs=3) == 9
    assert [run.run_id for run in instance.get_runs()] == newest
    assert size("*") < before / 2 and size("index.db*") < index_before / 2
    assert {path.name for path in (home / "compute_logs").iterdir()} == set(newest)
    event = instance.get_latest_materialization_event(dg.AssetKey("figures"))
    assert event and event.run_id == newest[0]
    assert prune(instance, kept_days=0) == 2, "the newest run stays, however old it is"


def test_a_run_that_holds_no_lock_is_dead_and_one_that_is_underway_is_not(
    instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert isinstance(instance.run_launcher, WatchedRunLauncher) and instance.run_monitoring_enabled
    run = instance.create_run_for_job(JOB)

    def health() -> WorkerStatus:
        return instance.run_launcher.check_run_worker_health(run).status

    instance.report_dagster_event(dg.DagsterEvent(dg.DagsterEventType.RUN_START.value, JOB.name), run_id=run.run_id)
    assert health() == WorkerStatus.RUNNING, "it has just started"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, instance.root_directory, run.run_id],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as worker:
        assert worker.stdout and worker.stdout.readline() == "holds\n"
        assert health() == WorkerStatus.RUNNING
        worker.send_signal(signal.SIGKILL)
    assert health() == WorkerStatus.FAILED
    lock_of(instance, run.run_id).unlink()
    monkeypatch.setattr(launcher, "TIME_TO_HOLD", -1)
    assert health() == WorkerStatus.FAILED, "it never got as far as its lock"
    hold_run(instance, run.run_id)
    assert health() == WorkerStatus.RUNNING


def test_every_job_holds_the_lock_of_its_run(tmp_path: Path) -> None:
    definitions = build_defs(load_project(ROOT / "journey.yaml", tmp_path, tmp_path))
    for job in definitions.resolve_all_job_defs():
        for node in job.all_node_defs:
            assert isinstance(node, dg.OpDefinition)
            assert "run" in node.required_resource_keys, f"{job.name}: {node.name}"
