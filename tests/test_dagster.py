"""The code location: what Dagster shows and runs, on a temporary shop."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest
from shops import copy_of, first_days, query

from parcours.engine.checks import key_check, run_check
from parcours.loading.settings_tables import SETTINGS_TABLES
from parcours.project import ROOT, Project, load_last_good_project, load_project
from parcours.report.page import last_run_of, with_last_run
from parcours.run import build_warehouse
from parcours.tables.catalogue import PYTHON_TABLES
from parcours.tables.expectations import SUITES, run_suite
from parcours.warehouse.comments import is_declaration
from parcours.warehouse.connection import WarehouseBusy, open_warehouse
from pipelines.code_location import build_defs

SETTINGS = [table.name for table in SETTINGS_TABLES]


def materialize(shop: Project) -> dg.ExecuteInProcessResult:
    return build_defs(shop).resolve_job_def("materialize_everything").execute_in_process(raise_on_error=False)


@pytest.fixture(scope="module")
def first_run(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, dg.ExecuteInProcessResult]:
    """The made-up shop with ten days of its events, its orders and its CRM, materialized once; only read."""
    shop = first_days(tmp_path_factory.mktemp("shop"), 10)
    return shop, materialize(shop)


@pytest.fixture
def shop(first_run: tuple[Project, dg.ExecuteInProcessResult], tmp_path: Path) -> Project:
    """A copy of the shop as its first run left it."""
    return copy_of(first_run[0], tmp_path)


def test_importing_the_definitions_loads_no_heavy_library() -> None:
    heavy = {"pandas", "great_expectations", "plotly", "pyarrow", "scipy", "numpy", "jinja2"}
    code = f"import sys, pipelines.definitions; print(sorted({heavy!r} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    unavoidable = "['jinja2']" if "jinja2" in found.stdout else "[]"  # Dagster itself imports jinja2
    assert found.stdout.strip() == unavoidable


def test_every_sql_file_is_an_asset_of_the_same_name_in_the_group_of_its_folder(shop: Project) -> None:
    graph = build_defs(shop).resolve_asset_graph()
    for path in (ROOT / "sql").glob("*/*.sql"):
        if path.parent.name in ("sources", "checks", "functions", "funnels", "questions", "reported"):
            continue
        node = graph.get(dg.AssetKey([path.parent.name, path.stem]))
        assert node.group_name == path.parent.name
        assert node.description and node.description.startswith("One row")
        if not is_declaration(path):
            assert node.code_version
            assert node.parent_keys


def test_the_nightly_run_is_on_at_two_in_the_shops_time(shop: Project) -> None:
    (schedule,) = build_defs(shop).schedules or []
    assert isinstance(schedule, dg.ScheduleDefinition)
    assert schedule.cron_schedule == "0 2 * * *"
    assert schedule.execution_timezone == "Europe/Paris"
    assert schedule.default_status == dg.DefaultScheduleStatus.RUNNING


def test_everything_materializes_with_rows_columns_lineage_and_checks(
    first_run: tuple[Project, dg.ExecuteInProcessResult],
) -> None:
    shop, result = first_run
    assert result.success
    by_table: dict[str, Any] = {
        "/".join(event.asset_key.path): event.step_materialization_data.materialization.metadata
        for event in result.get_asset_materialization_events()
        if event.asset_key
    }
    sessions = by_table["journeys/sessions"]
    assert sessions["dagster/row_count"].value > 500
    column = next(c for c in sessions["dagster/column_schema"].value.columns if c.name == "started_at")
    assert column.description == "UTC instant of the first touchpoint ← journeys.session_facts.started_at"
    lineage = sessions["dagster/column_lineage"].value.deps_by_column
    assert {(d.asset_key.to_user_string(), d.column_name) for d in lineage["started_at"]} == {
        ("journeys/session_facts", "started_at")
    }
    checks = {(e.asset_key.to_user_string(), e.check_name): e.passed for e in result.get_asset_check_evaluations()}
    assert checks[("staging/events", "expectations")] and checks[("staging/events", "key_is_unique")]
    assert checks[("raw/loads", "every_row_is_accounted")]
    assert shop.report.exists()
    with duckdb.connect(str(shop.published), read_only=True) as published:
        tables = {
            f"{s}.{t}" for s, t in published.sql("select schema_name, table_name from duckdb_tables()").fetchall()
        }
    assert "metrics.kpis" in tables and "raw.loads" in tables
    assert not {"raw.events", "raw.rejected_rows", "raw.contacts"} & tables


@pytest.mark.nights
def test_a_failed_check_keeps_the_last_good_report_and_snapshot(shop: Project) -> None:
    def report() -> str:
        """The report, but what its head says of the last run."""
        return with_last_run(shop.report.read_text(encoding="utf-8"), "")

    before = (report(), shop.published.read_bytes())
    broken = shop.exports_folder / "orders" / "orders_export_9.csv"
    broken.write_text("Order,Mail\n1,2\n")
    result = materialize(shop)
    recorded = query(shop, "select check_name, verdict from metrics.check_results where verdict = 'failed'")
    assert recorded == [("no_file_is_refused", "failed")]
    failed = [e.check_name for e in result.get_asset_check_evaluations() if not e.passed and e.blocking]
    assert not result.success and failed == ["no_file_is_refused"]
    assert (report(), shop.published.read_bytes()) == before
    assert "orders_export_9.csv" in last_run_of(shop.report.read_text(encoding="utf-8"))
    broken.unlink()
    assert materialize(shop).success
    assert not query(shop, "select check_name from metrics.check_results where verdict = 'failed'")


def test_a_second_writer_is_told_who_holds_the_warehouse(shop: Project) -> None:
    code = "import sys, duckdb, time\nc = duckdb.connect(sys.argv[1])\nprint('open', flush=True)\nsys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(shop.warehouse)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout and holder.stdout.readline() == "open\n"
        message = rf"is open in another process.*{holder.pid}.*Notebooks read published"
        with pytest.raises(WarehouseBusy, match=message), open_warehouse(shop):
            pass
        holder.communicate()
    with open_warehouse(shop):
        pass


@pytest.mark.nights
def test_an_expectation_that_is_not_met_stops_what_is_downstream(
    shop: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    impossible = ("ExpectColumnValuesToBeInSet", {"column": "survey", "value_set": ["no such survey"]})
    suite = SUITES["staging.feedback"]
    monkeypatch.setitem(SUITES, suite.table, replace(suite, expectations=(*suite.expectations, impossible)))
    before = shop.published.read_bytes()
    result = materialize(shop)
    assert not result.success
    made = {event.asset_key.to_user_string() for event in result.get_asset_materialization_events() if event.asset_key}
    assert "staging/feedback" in made and "staging/events" in made
    assert not made & {"journeys/survey_answers", "metrics/csat_by_stage", "metrics/check_results", "reports/journey"}
    assert shop.published.read_bytes() == before
    ((verdict, count, samples),) = query(
        shop,
        "select verdict, offending_count, samples from metrics.check_results where verdict <> 'passed'",
    )
    assert (verdict, json.loads(samples)[0]["value_count"]) == ("failed", count)
    assert json.loads(samples)[0]["expectation"] == "ExpectColumnValuesToBeInSet"


def test_each_expectation_that_is_not_met_is_told_with_its_values(shop: Project) -> None:
    with open_warehouse(shop) as connection:
        assert run_suite(connection, SUITES["staging.feedback"]) == []
        connection.execute(
            "update staging.feedback set email_hash = 'plain@example.com', score_of_10 = 11 where score = 5"
        )
        unmet = run_suite(connection, SUITES["staging.feedback"])
    assert [sample["expectation"] for sample in unmet] == [
        "ExpectColumnValuesToBeBetween",
        "ExpectColumnValuesToMatchRegex",
    ]
    assert str(unmet[1]["values"]).startswith("plain@example.com")


@pytest.mark.nights
def test_dagster_and_a_build_without_it_publish_the_same_results_of_checks(
    first_run: tuple[Project, dg.ExecuteInProcessResult], tmp_path: Path
) -> None:
    without = first_days(tmp_path, 10)
    build_warehouse(without)
    found = []
    for published in (first_run[0].published, without.published):
        with duckdb.connect(str(published), read_only=True) as connection:
            found.append(connection.execute("from metrics.check_results order by all").fetchall())
    assert found[0] == found[1] and len(found[0]) > 90


def test_the_key_of_a_table_that_a_function_writes_is_checked(shop: Project) -> None:
    checks = build_defs(shop).resolve_asset_graph().asset_check_keys
    for table in PYTHON_TABLES:
        assert dg.AssetCheckKey(dg.AssetKey(table.table.split(".")), "key_is_unique") in checks
    identities = next(table for table in PYTHON_TABLES if table.table == "journeys.identities")
    with open_warehouse(shop) as connection:
        assert run_check(connection, key_check(identities)).offending_count == 0
        connection.execute("insert into journeys.identities from journeys.identities limit 2")
        connection.execute("delete from refresh_log.checks")  # not passed yet: all rows are looked at
        assert run_check(connection, key_check(identities)).offending_count == 2


def test_the_command_prints_one_message_for_a_wrong_journey_file(tmp_path: Path) -> None:
    text = (ROOT / "journey.yaml").read_text(encoding="utf-8").replace("stage: cart, action: view", "stage: crat")
    (tmp_path / "journey.yaml").write_text(text, encoding="utf-8")
    found = subprocess.run(
        [sys.executable, "-m", "pipelines", "run", "--journey", str(tmp_path / "journey.yaml")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 2
    assert "Did you mean cart?" in found.stderr and "Traceback" not in found.stderr


@pytest.mark.nights
def test_a_wrong_journey_file_makes_a_failed_run_with_its_message_and_the_schedule_stays(
    shop: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "journey.yaml"
    right = (ROOT / "journey.yaml").read_text(encoding="utf-8")
    file.write_text(right.replace("time_zone: Europe/Paris", "time_zone: Europe/Rome"), encoding="utf-8")
    for name, path in (("JOURNEY", file), ("EXPORTS", shop.exports_folder), ("OUTPUT", shop.output)):
        monkeypatch.setenv(f"PARCOURS_{name}", str(path))
    published = shop.published.read_bytes()

    def run(**what: Any) -> dg.ExecuteInProcessResult:
        definitions = build_defs(load_last_good_project(), read=load_project)
        (schedule,) = definitions.schedules or []
        assert isinstance(schedule, dg.ScheduleDefinition)
        assert schedule.execution_timezone == "Europe/Rome"
        job = definitions.resolve_job_def("materialize_everything")
        return job.execute_in_process(raise_on_error=False, **what)

    assert run(asset_selection=[dg.AssetKey(["settings", table]) for table in SETTINGS]).success
    misspelt = right.replace("stage: cart, action: view", "stage: crat")
    for wrong, message in ((misspelt, "Did you mean cart?"), ("shop: [", "not valid YAML"), (None, "no such file")):
        file.unlink(missing_ok=True)
        if wrong:
            file.write_text(wrong, encoding="utf-8")
        failed = [event for event in run().all_events if event.is_step_failure]
        error = failed[0].step_failure_data.error
        assert failed[0].step_key == "settings" and error and message in error.message
        part = run(asset_selection=[dg.AssetKey(["metrics", "kpis"])])
        assert not part.success, "nothing is built by settings that may be others"
    assert shop.published.read_bytes() == published


def test_the_definitions_load_where_no_settings_can_be_read_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PARCOURS_JOURNEY", str(tmp_path / "journey.yaml"))
    monkeypatch.setattr("parcours.project.ROOT", tmp_path)
    dg.Definitions.validate_loadable(build_defs(load_last_good_project(), read=load_project))


def test_a_run_opens_the_warehouse_once(shop: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []
    connect = duckdb.connect

    def counting(file: str, **how: Any) -> duckdb.DuckDBPyConnection:
        opened.append(Path(file).name)
        return connect(file, **how)

    monkeypatch.setattr(duckdb, "connect", counting)
    everything = build_defs(shop).resolve_job_def("materialize_everything")
    steps = [*(["settings", table] for table in SETTINGS), ["staging", "contacts"], ["staging", "orders"]]
    result = everything.execute_in_process(asset_selection=[dg.AssetKey(step) for step in steps])
    assert result.success and opened == ["warehouse.duckdb"]


def test_the_definitions_load_as_dagster_dev_loads_them(tmp_path: Path) -> None:
    dg.Definitions.validate_loadable(build_defs(load_project(ROOT / "journey.yaml", tmp_path, tmp_path)))
