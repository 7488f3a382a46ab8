"""The gate: nothing is published that is not complete, of one piece, and passed; whoever wants to publish it."""

from __future__ import annotations

import logging
import re
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import dagster as dg
import duckdb
import pytest
from canonical_shops import File, canonical_project
from given import Row, answer, event, order, rows

from assets.failures import troubles_of
from parcours.engine.checks import read_checks
from parcours.loading.load import LOADER, load_exports
from parcours.loading.settings_tables import write_settings
from parcours.project import Project
from parcours.run import build_warehouse
from parcours.settings.schema import JourneySettings
from parcours.tables.catalogue import build_all
from parcours.tables.expectations import SUITES
from parcours.tables.gate import NotPublished, publish, why_not
from parcours.tables.table_checks import record_all
from parcours.warehouse.connection import open_warehouse
from parcours.warehouse.refresh_log import reset_log
from pipelines.code_location import build_defs

DEAR = 200_000_000
"""A price that a cautious shop's expectations refuse."""


def add(shop: Project, export: str, number: int, given: Sequence[Row]) -> Path:
    """One more export file of these rows."""
    File(export, number, tuple(given)).write(shop.exports_folder)
    return shop.exports_folder / export / f"{number:03d}.jsonl"


def visits(day: int, people: int = 6) -> list[Row]:
    """A day on which people look, put something into a cart and check out."""
    steps = ("landing", "product", "add", "checkout")
    return [
        event(f"a{person}", day * 86400 + person * 60 + step, name, event_id=f"{day}-{person}-{step}", price=10)
        for person in range(people)
        for step, name in enumerate(steps)
    ]


@pytest.fixture
def cautious(monkeypatch: pytest.MonkeyPatch) -> None:
    """Expectations of events that ask more than loading does, as none of ours: a price is at most 100 million."""
    limit = {"column": "price", "max_value": 100_000_000}
    suite = SUITES["staging.events"]
    asked = replace(suite, expectations=(*suite.expectations, ("ExpectColumnValuesToBeBetween", limit)))
    monkeypatch.setitem(SUITES, "staging.events", asked)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A shop of two days, built and published; only read."""
    shop = canonical_project(tmp_path_factory.mktemp("shop"))
    shop.journey_file.write_text(shop.settings.model_dump_json(by_alias=True), encoding="utf-8")  # JSON is YAML
    add(shop, "events", 1, visits(0) + visits(1))
    add(shop, "order_rows", 1, [order("o1", 90_000, customer_id="c1"), order("o3", 90_100, customer_id="c3")])
    add(shop, "feedback", 1, [answer("r1", 90_500, 4)])
    build_warehouse(shop)
    return shop


@pytest.fixture
def shop(built: Project, tmp_path: Path) -> Project:
    """A copy of that shop."""
    shutil.copytree(built.output, tmp_path, dirs_exist_ok=True)
    return replace(built, journey_file=tmp_path / "journey.yaml", exports_folder=tmp_path / "exports", output=tmp_path)


def reasons(shop: Project) -> list[str]:
    """Why the shop may not be published now."""
    with open_warehouse(shop) as connection:
        return why_not(connection, shop)


def run_job(shop: Project, job: str) -> dg.ExecuteInProcessResult:
    return build_defs(shop).resolve_job_def(job).execute_in_process(raise_on_error=False)


def told(result: dg.ExecuteInProcessResult) -> str:
    """What stopped a run, in words."""
    return "\n".join(line for trouble in troubles_of(result.all_events) for line in trouble.lines())


def counts(shop: Project) -> dict[str, int]:
    """Rows of what is published."""
    with duckdb.connect(str(shop.published), read_only=True) as published:
        tables = ("journeys.carts", "metrics.cart_states", "staging.orders", "staging.events")
        return {table: rows(published, f"select count(*) from {table}")[0][0] for table in tables}


@pytest.mark.nights
def test_half_a_run_is_not_published_by_the_report_job(shop: Project) -> None:
    before = (counts(shop), shop.published.read_bytes())
    add(shop, "events", 2, visits(2, people=9))
    with open_warehouse(shop) as connection:  # as a run that was killed, or of a selection in the UI
        load_exports(connection, shop)
        build_all(connection, shop, ["journeys.carts"])
        carts = rows(connection, "select count(*) from journeys.carts")[0][0]
        assert carts > rows(connection, "select count(*) from metrics.cart_states")[0][0]
    result = run_job(shop, "publish_and_report")
    assert not result.success
    assert re.search(r"\w+[.]\w+ waits for \w+[.]\w+, which it reads: materialize everything[.]", told(result))
    assert any(reason.startswith("metrics.cart_states waits for journeys.carts") for reason in reasons(shop))
    assert (counts(shop), shop.published.read_bytes()) == before
    assert not shop.report.exists() and not shop.quality_report.exists()
    build_warehouse(shop)
    assert run_job(shop, "publish_and_report").success
    assert counts(shop)["journeys.carts"] == counts(shop)["metrics.cart_states"] == carts


@pytest.mark.usefixtures("cautious")
def test_a_wrong_row_that_a_check_stopped_is_not_published_by_the_report_job(shop: Project) -> None:
    before = counts(shop)
    add(shop, "events", 2, [event("a1", 200_000, "product", event_id="dear", price=DEAR)])
    assert not run_job(shop, "materialize_everything").success
    result = run_job(shop, "publish_and_report")
    assert not result.success and counts(shop) == before
    assert "expectations of staging.events found 1 values" in told(result)


@pytest.mark.nights
@pytest.mark.usefixtures("cautious")
def test_the_forget_job_publishes_no_wrong_row_and_the_person_leaves_all_the_same(shop: Project) -> None:
    add(shop, "events", 2, [event("a1", 200_000, "product", event_id="dear", price=DEAR)])
    assert not run_job(shop, "materialize_everything").success
    shop.forget_requests.write_text("c1\n")
    result = run_job(shop, "forget_people")
    assert not result.success
    assert "expectations of staging.events found 1 values" in told(result)
    with duckdb.connect(str(shop.published), read_only=True) as published:
        assert rows(published, "select order_id from staging.orders") == [("o3",)]
    assert shop.forget_requests.read_text() == "" and shop.report.exists() and shop.quality_report.exists()


@pytest.mark.usefixtures("cautious")
def test_a_build_without_dagster_publishes_nothing_that_failed(shop: Project) -> None:
    before = shop.published.read_bytes()
    wrong = add(shop, "events", 2, [event("a1", 200_000, "product", event_id="dear", price=DEAR)])
    with pytest.raises(NotPublished, match=r"expectations of staging\.events found 1 values"):
        build_warehouse(shop)
    assert shop.published.read_bytes() == before
    assert wrong.exists()


@pytest.mark.nights
@pytest.mark.usefixtures("cautious")
def test_a_wrong_price_stops_every_later_run_until_it_is_corrected(shop: Project) -> None:
    before = shop.published.read_bytes()
    add(shop, "events", 2, [event("a1", 200_000, "product", event_id="dear", price=DEAR)])
    for day in (3, 4, 5):
        with pytest.raises(NotPublished, match=r"expectations of staging\.events found 1 values that are not"):
            build_warehouse(shop)
        add(shop, "events", day, visits(day))  # a good file each night
    assert shop.published.read_bytes() == before
    corrected = event("a1", 200_000, "product", event_id="dear", price=20, source_updated_at="2026-02-01 00:00:00")
    add(shop, "events", 9, [corrected])
    build_warehouse(shop)
    assert counts(shop)["staging.events"] == 4 * 6 * 5 + 1


@pytest.mark.nights
@pytest.mark.usefixtures("cautious")
def test_a_wrong_price_is_remembered_through_failed_runs_of_dagster(shop: Project) -> None:
    add(shop, "events", 2, [event("a1", 200_000, "product", event_id="dear", price=DEAR)])
    for day in (3, 4):
        result = run_job(shop, "materialize_everything")
        failed = [e for e in result.get_asset_check_evaluations() if not e.passed and e.blocking]
        assert [(e.asset_key.to_user_string(), e.check_name) for e in failed] == [("staging/events", "expectations")]
        add(shop, "events", day, visits(day))
    assert not run_job(shop, "publish_and_report").success


@pytest.mark.nights
@pytest.mark.usefixtures("cautious")
def test_what_a_killed_run_built_and_did_not_check_is_checked_by_the_next(shop: Project) -> None:
    add(shop, "events", 2, [event("a1", 200_000, "product", event_id="dear", price=DEAR)])
    with open_warehouse(shop) as connection:
        load_exports(connection, shop)
        build_all(connection, shop)  # killed before any check
        assert "expectations of staging.events has not passed since what it reads changed: materialize everything." in (
            why_not(connection, shop)
        )
        with pytest.raises(NotPublished):
            publish(connection, shop)
    add(shop, "events", 3, visits(3))
    with pytest.raises(NotPublished, match=r"expectations of staging\.events found 1 values"):
        build_warehouse(shop)


class Kill(logging.Handler):
    """Ends the load behind the first refused file."""

    def emit(self, record: logging.LogRecord) -> None:
        if record.load.status == "refused":  # type: ignore[attr-defined]
            raise KeyboardInterrupt


def test_a_refused_file_of_a_load_that_was_killed_is_not_published(shop: Project) -> None:
    add(shop, "events", 2, ()).write_text("neither JSON nor lines\n" * 30)
    logger, kill = logging.getLogger(LOADER), Kill()
    logger.addHandler(kill)
    level = logger.level
    logger.setLevel(logging.INFO)
    with open_warehouse(shop) as connection, pytest.raises(KeyboardInterrupt):
        load_exports(connection, shop)
    logger.removeHandler(kill)
    logger.setLevel(level)
    assert "no_file_is_refused of raw.loads has not passed since what it reads changed: materialize everything." in (
        reasons(shop)
    )


@pytest.mark.nights
def test_a_repeated_key_is_found_by_every_later_run(shop: Project) -> None:
    add(shop, "events", 2, visits(2, people=1))
    with open_warehouse(shop) as connection:
        load_exports(connection, shop)
        build_all(connection, shop, ["staging.events"])
        # As a wrong select would leave it.
        connection.execute("insert into staging.events from staging.events where event_id = '2-0-1'")
    for day in (3, 4):
        with pytest.raises(NotPublished, match=r"key_is_unique of staging\.events found 1 keys \(event_id\)"):
            build_warehouse(shop)
        add(shop, "events", day, visits(day))
    with open_warehouse(shop) as connection:
        reset_log(connection)
    build_warehouse(shop)


def test_a_run_with_nothing_new_does_not_even_import_great_expectations(
    shop: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr("parcours.tables.expectations._great_expectations")
    build_warehouse(shop)
    add(shop, "events", 2, visits(2))
    with pytest.raises(NameError, match="_great_expectations"):
        build_warehouse(shop)


def test_a_check_that_was_changed_must_pass_before_anything_is_published(
    shop: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "sql" / "checks"
    folder.mkdir(parents=True)
    text = (
        "-- checks: staging.orders\n-- severity: error\n-- finds: dear orders\n-- do: Sell cheaper.\n"
        "-- No order is dear.\nselect order_id from staging.orders where net_revenue > {}\n"
    )
    monkeypatch.setattr("parcours.tables.table_checks.ROOT", tmp_path)
    name = "no_order_is_dear of staging.orders"
    for most, found in ((1000, []), (5, [f"{name} found 2 dear orders: sell cheaper."])):
        (folder / "no_order_is_dear.sql").write_text(text.format(most))
        read_checks.cache_clear()
        with open_warehouse(shop) as connection:
            assert why_not(connection, shop) == [
                f"{name} has not passed since what it reads changed: materialize everything."
            ]
            record_all(connection, shop)
            assert why_not(connection, shop) == found
    read_checks.cache_clear()


def test_tables_of_other_settings_or_another_select_are_not_published(
    shop: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert reasons(shop) == []
    said = shop.settings.model_dump(by_alias=True)
    said["measures"]["cart_silence_hours"] = 48
    changed = replace(shop, settings=JourneySettings.model_validate(said))
    assert reasons(changed) == ["settings.shop is of another journey.yaml than there is now: materialize everything."]
    with open_warehouse(shop) as connection:
        write_settings(connection, changed.settings)
        waiting = why_not(connection, changed)
        assert "journeys.carts waits for settings.shop, which it reads: materialize everything." in waiting
        build_all(connection, changed)
        connection.execute("update refresh_log.tables set version = 'old' where table_name = 'metrics.kpis'")
        connection.execute("drop table metrics.cut_off")
        waiting = why_not(connection, changed)
    assert "metrics.kpis was built by other SQL, code or settings than those of now: materialize everything." in waiting
    assert "metrics.cut_off is not built: materialize everything." in waiting


def test_a_warehouse_that_was_never_built_names_ten_reasons_and_counts_the_rest(tmp_path: Path) -> None:
    shop = canonical_project(tmp_path)
    with open_warehouse(shop) as connection, pytest.raises(NotPublished) as refused:
        publish(connection, shop)
    lines = str(refused.value).splitlines()
    assert lines[0] == "Not published: the last published tables and pages stay as they were."
    assert len(lines) == 12 and lines[-1] == f"  … and {len(refused.value.reasons) - 10} more reasons"
    assert not shop.published.exists()
