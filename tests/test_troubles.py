"""What stopped a run is told by its cause first, with what to do: on the terminal, in the UI, in the digest."""

from __future__ import annotations

import re
from pathlib import Path

import dagster as dg
import pytest
from shops import first_days

from assets.failures import troubles_of
from parcours.engine.checks import Check, Finding
from parcours.loading.accounting import IngestError
from parcours.project import ROOT, Project
from parcours.settings.file import SettingsError
from parcours.troubles import KNOWN, failed_checks, trouble_of
from parcours.warehouse.connection import UnusableKey, WarehouseBusy, open_warehouse
from pipelines.code_location import build_defs


def finding(count: int, *samples: dict[str, str | int | None], table: str = "raw.loads") -> Finding:
    check = Check(
        "odd", table, "error", "Nothing is odd.", "odd rows", "Make them even.", "1", (table,), lambda _: (0, [])
    )
    return Finding(check, count, samples)


def test_the_text_of_an_error_gives_the_cause_and_what_to_do() -> None:
    trouble = trouble_of(IngestError("exports: no file matches *.csv. Put the exports there, or correct the path."))
    assert trouble.cause == "exports: no file matches *.csv."
    assert trouble.to_do == "Put the exports there, or correct the path."
    assert list(trouble.lines()) == [
        "The exports can't be loaded",
        "  exports: no file matches *.csv.",
        "  → Put the exports there, or correct the path.",
    ]


def test_every_problem_of_journey_yaml_stands_in_the_cause() -> None:
    trouble = trouble_of(SettingsError("journey.yaml: 2 problems. Nothing was run.\n  line 3: a\n  line 9: b"))
    assert trouble.cause.splitlines()[1:] == ["  line 3: a", "  line 9: b."]


def test_an_error_that_nobody_expected_says_where_and_that_it_is_not_the_data() -> None:
    with pytest.raises(ZeroDivisionError) as caught:
        with_line = 1
        print(with_line / 0)
    trouble = trouble_of(caught.value)
    assert "ZeroDivisionError: division by zero (tests/test_troubles.py, line " in trouble.cause
    assert "fault of Parcours" in trouble.to_do


def test_a_full_disk_is_called_that_whoever_says_so() -> None:
    for error in (
        OSError(28, "No space left on device", "warehouse.duckdb"),
        RuntimeError("x: No space left on device"),
        OSError(27, "File too large", "warehouse.duckdb"),
    ):
        assert trouble_of(error).title == "The disk is full"
        assert trouble_of(error).id == "disk full"


def test_the_same_trouble_has_the_same_id_on_another_night() -> None:
    def busy(process: int) -> str:
        return trouble_of(WarehouseBusy(f"warehouse is open in another process (PID {process}). Wait.")).id

    assert busy(12) == busy(4711)
    assert trouble_of(finding(3, {"order_id": "a"})).id == trouble_of(finding(7, {"order_id": "b"})).id
    assert trouble_of(finding(1, {"path": "a.csv"})).id != trouble_of(finding(1, {"path": "b.csv"})).id


def test_a_failed_check_says_its_rows_and_what_to_do() -> None:
    trouble = trouble_of(finding(1204, {"order_id": "7", "currency": "USD"}, {"order_id": "8", "currency": None}))
    assert trouble.title == "Odd rows: 1,204 (raw.loads, odd)"
    assert trouble.cause.splitlines() == ["order_id 7, currency USD", "order_id 8", "… and 1,202 more"]
    assert trouble.to_do == "Make them even."


def test_a_refused_file_says_its_name_and_reason() -> None:
    assert trouble_of(finding(1, {"path": "a.csv", "format": "x", "reason": "is empty"})).cause == "a.csv: is empty"


@pytest.fixture
def shop(tmp_path: Path) -> Project:
    """A shop of which nothing is built yet."""
    return first_days(tmp_path, 1)


def run(shop: Project, **selection: list[dg.AssetKey]) -> dg.ExecuteInProcessResult:
    job = build_defs(shop).resolve_job_def("materialize_everything")
    return job.execute_in_process(raise_on_error=False, **selection)  # type: ignore[arg-type]


def test_the_runs_first_error_is_the_file_that_is_refused_its_reason_and_what_to_do(shop: Project) -> None:
    (shop.exports_folder / "orders" / "orders_export_9.csv").write_text("Order,Mail\n1,2\n")
    result = run(shop)
    first = next(event for event in result.all_events if event.is_failure)
    assert first.step_failure_data.user_failure_data
    told = first.step_failure_data.user_failure_data.description or ""
    assert told.startswith(
        "Refused files: 1 (raw.loads, no_file_is_refused)\n  orders/orders_export_9.csv: has no column"
    )
    assert "→ Correct or replace the file" in told
    (trouble,) = troubles_of(result.all_events)
    with open_warehouse(shop) as connection:
        assert failed_checks(connection) == [trouble]


def test_what_a_step_raises_is_told_with_its_remedy(shop: Project) -> None:
    for path in shop.exports_folder.rglob("*.*"):
        path.unlink()
    (trouble,) = troubles_of(run(shop).all_events)
    assert trouble.title == "The exports can't be loaded" and "is empty; expected events/*.jsonl.gz" in trouble.cause
    assert trouble.to_do.startswith("Put the exports there")


def test_a_table_that_is_materialized_before_what_it_reads_says_what_to_materialize(
    shop: Project,
) -> None:
    (trouble,) = troubles_of(run(shop, asset_selection=[dg.AssetKey(["journeys", "carts"])]).all_events)
    assert trouble.cause == (
        "journeys.carts can't be built before what it reads: settings.shop, journeys.sessions, journeys.order_sessions "
        "and 3 more."
    )
    assert trouble.to_do == "Materialize all once, or select journeys.carts with its upstreams."


def test_a_page_that_is_materialized_before_anything_is_published_says_so(shop: Project) -> None:
    (trouble,) = troubles_of(run(shop, asset_selection=[dg.AssetKey(["reports", "journey"])]).all_events)
    assert "published.duckdb, which is not there yet" in trouble.cause
    assert trouble.to_do == "Materialize reports/published with it."


def test_a_wrong_key_is_not_called_a_fault_of_parcours(shop: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARCOURS_KEY", "abc")
    with pytest.raises(UnusableKey) as caught, open_warehouse(shop):
        pass
    trouble = trouble_of(caught.value)
    assert trouble.cause.startswith("PARCOURS_KEY, or else the file .parcours-key, is not 64")
    assert "the key with which the earlier files were loaded" in trouble.to_do


def test_every_error_of_ours_has_a_title() -> None:
    # By the loader, the parser of models, who tells, and whoever asks in a notebook: no run meets a QuestionError.
    caught = {"FileRefused", "Leaves", "NotDelivered", "QuestionError"}
    ours = {
        name
        for folder in ("parcours", "assets", "pipelines")
        for path in (ROOT / folder).rglob("*.py")
        for name in re.findall(r"^class (\w+)\((?:Exception|ValueError)\):", path.read_text("utf-8"), re.MULTILINE)
    }
    assert {"IngestError", "NotBuilt", "NotPublished"} <= ours - caught <= set(KNOWN)
