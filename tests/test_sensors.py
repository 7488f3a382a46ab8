"""What looks after runs in Dagster: each run's record, whoever writes it; new files; a night that does not come."""

from __future__ import annotations

import gzip
import json
import os
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import dagster as dg
import duckdb
import pytest
from night_shop import add_day, night_shop

from parcours.nights.close import record_run
from parcours.nights.record import RunRecord, read_records
from parcours.project import Project
from parcours.warehouse.connection import WarehouseBusy, open_warehouse
from pipelines.code_location import build_defs
from pipelines.run_records import DIED

NIGHT = {"dagster/schedule_name": "nightly"}


@pytest.fixture
def instance() -> dg.DagsterInstance:
    return dg.DagsterInstance.ephemeral()


def materialize(shop: Project, instance: dg.DagsterInstance, **tags: str) -> dg.ExecuteInProcessResult:
    job = build_defs(shop).resolve_job_def("materialize_everything")
    return job.execute_in_process(instance=instance, raise_on_error=False, tags=tags or NIGHT)


def sensor(shop: Project, name: str) -> dg.SensorDefinition:
    return next(one for one in build_defs(shop).sensors or [] if one.name == name)


def look(shop: Project, name: str, instance: dg.DagsterInstance, run: dg.DagsterRun, kind: str) -> list[RunRecord]:
    """The records after a sensor saw the end of a run."""
    event = dg.DagsterEvent(kind, run.job_name)
    context = dg.build_run_status_sensor_context(name, event, instance, run)
    sensor(shop, name)(context.for_run_failure() if name == "failed_run" else context)
    return read_records(shop)


def begun_run(shop: Project, instance: dg.DagsterInstance) -> dg.DagsterRun:
    """A run whose process is at work, or gone."""
    job = build_defs(shop).resolve_job_def("materialize_everything")
    run = instance.create_run_for_job(job, tags=NIGHT)
    instance.report_dagster_event(dg.DagsterEvent("PIPELINE_START", run.job_name), run.run_id)
    return run


def found_dead(run: dg.DagsterRun, instance: dg.DagsterInstance) -> dg.DagsterRun:
    """The run, marked as failed, as Dagster's monitoring does with one whose process is gone."""
    instance.report_run_failed(run)
    return instance.get_run_by_id(run.run_id) or run


@pytest.mark.nights
def test_every_run_of_dagster_ends_in_one_record(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    shop = night_shop(tmp_path / "shop")
    add_day(shop, 0)
    first = materialize(shop, instance)
    assert first.success
    materialize(shop, instance, **{"parcours/by": "command line"})
    broken = shop.exports_folder / "events-2026-03-03.jsonl.gz"
    text = shop.journey_file.read_text().replace('"events-*.jsonl"', '"events-*.jsonl*"')
    shop.journey_file.write_text(text)
    broken.write_bytes(gzip.compress(os.urandom(4000))[:2000])
    pages = shop.report.read_bytes()
    shop = night_shop_again(shop)
    assert not materialize(shop, instance, who="analyst").success
    records = read_records(shop)
    assert [(one.by, one.outcome) for one in records] == [
        ("night", "report"),
        ("command line", "nothing new"),
        ("UI", "alarm"),
    ]
    assert records[0].run_id == first.run_id and records[0].rows("loaded") == 7
    (trouble,) = records[2].troubles
    assert trouble.is_check and broken.name in trouble.cause
    assert broken.name in shop.report.read_text() and broken.name.encode() not in pages

    run = instance.get_run_by_id(first.run_id)
    assert run and look(shop, "failed_check", instance, run, "PIPELINE_SUCCESS") == records, "recorded by itself"


def night_shop_again(shop: Project) -> Project:
    """The shop, with its journey.yaml read anew."""
    from parcours.project import load_project

    return load_project(shop.journey_file, output=shop.output)


def test_a_part_that_was_materialized_by_hand_has_no_record(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    shop = night_shop(tmp_path / "shop")
    defs = build_defs(shop)
    job = defs.resolve_implicit_global_asset_job_def()
    keys = [dg.AssetKey(["settings", table]) for table in ("shop",)]
    node = defs.get_assets_def(keys[0])
    assert job.execute_in_process(instance=instance, asset_selection=list(node.keys)).success
    assert read_records(shop) == []


def test_a_run_that_died_is_recorded_by_the_sensor_once(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    shop = night_shop(tmp_path / "shop")
    run = found_dead(begun_run(shop, instance), instance)
    (record,) = look(shop, "failed_run", instance, run, "PIPELINE_FAILURE")
    assert (record.by, record.outcome, record.troubles[0].title) == ("night", "alarm", DIED.title)
    assert look(shop, "failed_run", instance, run, "PIPELINE_FAILURE") == [record]


@pytest.mark.nights
def test_a_run_that_died_is_recorded_by_the_next_run_if_no_sensor_was_there(
    tmp_path: Path, instance: dg.DagsterInstance
) -> None:
    shop = night_shop(tmp_path / "shop")
    add_day(shop, 0)
    run, began = begun_run(shop, instance), datetime.now(UTC)
    (shop.output / ".parcours-run").write_text(
        json.dumps({"pid": 1, "by": "the nightly run", "started": began.isoformat()})
    )
    assert materialize(shop, instance).success
    dead, well = read_records(shop)
    assert [(one.by, one.outcome) for one in (dead, well)] == [("night", "alarm"), ("night", "report")]
    assert [one.title for one in well.over] == [DIED.title]
    # The sensor that comes later knows it by its time.
    assert len(look(shop, "failed_run", instance, found_dead(run, instance), "PIPELINE_FAILURE")) == 2


def test_a_run_that_somebody_stopped_is_an_alarm(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    shop = night_shop(tmp_path / "shop")
    job = build_defs(shop).resolve_job_def("materialize_everything")
    run = instance.create_run_for_job(job, tags=NIGHT)
    instance.report_run_canceled(run)
    stopped = instance.get_run_by_id(run.run_id)
    assert stopped
    (record,) = look(shop, "stopped_run", instance, stopped, "PIPELINE_CANCELED")
    assert record.troubles[0].title == "A run was stopped"


def test_a_check_that_failed_in_a_run_that_ended_well_is_an_alarm(tmp_path: Path, instance: dg.DagsterInstance) -> None:
    shop = night_shop(tmp_path / "shop")

    @dg.asset(check_specs=[dg.AssetCheckSpec("is_right", asset="thing")])
    def thing() -> dg.MaterializeResult:  # type: ignore[type-arg]
        return dg.MaterializeResult(check_results=[dg.AssetCheckResult(passed=False, check_name="is_right")])

    result = dg.materialize([thing], instance=instance)
    run = instance.get_run_by_id(result.run_id)
    assert run and result.success
    (record,) = look(shop, "failed_check", instance, run, "PIPELINE_SUCCESS")
    assert record.outcome == "alarm"


def test_new_files_start_the_nightly_job_once_they_have_settled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = night_shop(tmp_path / "shop")
    add_day(shop, 0)
    arrived = sensor(shop, "new_files")
    assert arrived.default_status == dg.DefaultSensorStatus.STOPPED
    assert arrived.job_name == "materialize_everything"
    clock = [1000.0]
    monkeypatch.setattr("pipelines.sensors.new_files.time.time", lambda: clock[0])
    cursor: list[str | None] = [None]

    def tick(seconds: float) -> int:
        """How many runs are asked for after some seconds."""
        clock[0] += seconds
        found = arrived(dg.build_sensor_context(cursor=cursor[0]))
        assert isinstance(found, dg.SensorResult)
        cursor[0] = found.cursor
        return len(found.run_requests or [])

    assert [tick(0), tick(100)] == [0, 0], "what is there already is not new"
    add_day(shop, 1)
    assert [tick(30), tick(30)] == [0, 0], "files may still come"
    with (shop.exports_folder / "orders-2026-03-03.csv").open("a") as growing:
        growing.write("\n")
    assert [tick(31), tick(59), tick(1), tick(300)] == [0, 0, 1, 0]
    (shop.exports_folder / "orders-2026-03-03.csv").unlink()
    assert [tick(30), tick(60)] == [0, 1]


def test_a_late_night_is_told_by_its_sensor(tmp_path: Path) -> None:
    # The hour of the night is five or six hours ago, whenever this runs: its three of tolerance are over.
    hour = (datetime.now(ZoneInfo("Europe/Paris")) - timedelta(hours=5)).hour
    shop = night_shop(tmp_path / "shop", f"nights: {{hour: {hour}}}\n")
    ended = datetime.now(UTC) - timedelta(days=3)
    record_run(shop, "night", ended, ended=ended, finished=True, say=print)
    late = sensor(shop, "late_night")
    assert late.default_status == dg.DefaultSensorStatus.RUNNING
    late(dg.build_sensor_context())
    late(dg.build_sensor_context())
    assert [one.outcome for one in read_records(shop)] == ["report", "alarm"]


def test_owners_tags_hour_and_freshness_are_those_of_journey_yaml(tmp_path: Path) -> None:
    nights = "nights: {hour: 4, late_after_hours: 1.5, owners: [ana@shop.example, 'team:web'], tags: {team: web}}\n"
    defs = build_defs(night_shop(tmp_path / "shop", nights))
    graph = defs.resolve_asset_graph()
    for key in graph.materializable_asset_keys:
        node = graph.get(key)
        assert list(node.owners) == ["ana@shop.example", "team:web"] and node.tags["team"] == "web", key
        assert (node.freshness_policy is not None) == (key.path[0] == "reports")
    policy = graph.get(dg.AssetKey(["reports", "journey"])).freshness_policy
    assert isinstance(policy, dg.CronFreshnessPolicy if hasattr(dg, "CronFreshnessPolicy") else object)
    assert (policy.deadline_cron, policy.timezone) == ("30 5 * * *", "Europe/Paris")  # type: ignore[union-attr]
    (schedule,) = defs.schedules or []
    assert isinstance(schedule, dg.ScheduleDefinition) and schedule.cron_schedule == "0 4 * * *"


def test_a_warehouse_that_somebody_reads_is_tried_again_and_a_bad_file_is_not(
    tmp_path: Path, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = night_shop(tmp_path / "shop")
    job = build_defs(shop, retries=3, retry_after=0.1).resolve_job_def("materialize_everything")
    opened = []

    def busy_once(project: Project) -> AbstractContextManager[duckdb.DuckDBPyConnection]:
        opened.append(project)
        if len(opened) == 1:
            raise WarehouseBusy("warehouse.duckdb is open in another process. Close it.")
        return open_warehouse(project)

    monkeypatch.setattr("parcours.warehouse.open_run.open_warehouse", busy_once)
    (shop.exports_folder / "orders-2026-03-09.csv").write_text("Order,Mail\n1,2\n")
    result = job.execute_in_process(instance=instance, raise_on_error=False)
    again = [event.step_key for event in result.all_events if event.is_step_up_for_retry]
    assert (again, {event.step_key for event in result.all_events if event.is_step_failure}) == (
        ["settings"],
        {"exports"},
    )
    (record,) = read_records(shop)
    assert "orders-2026-03-09.csv" in record.troubles[0].cause
