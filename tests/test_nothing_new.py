"""A run that can find nothing new says so and does nothing; whatever it depends on makes it a whole run again."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from shops import first_days

from parcours.loading.nothing_new import note_complete, nothing_new_since, what_is_read
from parcours.project import ROOT, Project, load_project
from parcours.warehouse.open_run import open_run


def run(shop: Project, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pipelines", "run", "--journey", str(shop.journey_file), *arguments],
        cwd=ROOT,
        env=os.environ | {"PARCOURS_EXPORTS": str(shop.exports_folder), "PARCOURS_OUTPUT": str(shop.output)},
        capture_output=True,
        text=True,
        check=False,
    )


def nights_in_history(shop: Project) -> int:
    return len(list((shop.output / ".dagster" / "compute_logs").iterdir()))


@pytest.mark.nights  # runs of a whole shop, a minute
def test_a_second_run_with_nothing_new_says_so_and_leaves_everything_as_it_is(tmp_path: Path) -> None:
    shop = first_days(tmp_path, 2)
    assert run(shop).returncode == 0
    # The head of the pages says how the last run ended, and is written again.
    before = {path: path.stat().st_mtime_ns for path in (shop.warehouse, shop.published)}
    second = run(shop)
    assert second.returncode == 0, second.stderr
    assert "0 new files" in second.stdout and "Nothing has changed since the run of 20" in second.stdout
    told = json.loads(run(shop, "--json").stdout)
    assert told["outcome"] == "nothing new" and told["report"] == str(shop.report) and told["nothing_changed_since"]
    assert {path: path.stat().st_mtime_ns for path in before} == before and nights_in_history(shop) == 1

    shutil.copy(ROOT / "data" / "sample" / "events" / "events-2026-07-03.jsonl.gz", shop.exports_folder / "events")
    third = run(shop)
    assert third.returncode == 0 and "Nothing has changed" not in third.stdout and nights_in_history(shop) == 2
    assert "Nothing has changed since" in run(shop).stdout
    (shop.exports_folder / "orders" / "orders_export_9.csv").write_text("Order,Mail\n1,2\n")
    for _ in range(2):
        assert run(shop).returncode == 1, "a run that failed is not the last word"
    (shop.exports_folder / "orders" / "orders_export_9.csv").unlink()
    assert "Nothing has changed" not in run(shop).stdout, "the failed runs came in between"


@pytest.fixture
def complete(tmp_path: Path) -> Project:
    """A shop as a complete run leaves it, as far as its files go."""
    shutil.copy(ROOT / "journey.yaml", tmp_path)
    (tmp_path / "exports" / "events").mkdir(parents=True)
    (tmp_path / "exports" / "events" / "events-1.jsonl").write_text("{}")
    shop = load_project(tmp_path / "journey.yaml", tmp_path / "exports", tmp_path)
    shop.report.parent.mkdir()
    for made in (shop.warehouse, shop.published, shop.report, shop.quality_report):
        made.write_text("made")
    note_complete(shop, what_is_read(shop))
    assert nothing_new_since(shop)
    return shop


@pytest.mark.parametrize(
    "change",
    [
        lambda shop: (shop.exports_folder / "events" / "events-2.jsonl").write_text("{}"),
        lambda shop: (shop.exports_folder / "of_no_path.csv").write_text("a"),
        lambda shop: (shop.exports_folder / "events" / "events-1.jsonl").unlink(),
        lambda shop: _overwrite_unseen(shop.exports_folder / "events" / "events-1.jsonl"),
        lambda shop: shop.journey_file.write_text(shop.journey_file.read_text() + "\n"),
        lambda shop: _write_source(shop),
        lambda shop: shop.forgotten_file.write_text("somebody\n"),
        lambda shop: (shop.key_file.unlink(), shop.key_file.write_text("1" * 64)),
        lambda shop: shop.report.unlink(),
        lambda shop: shop.published.write_text("else"),
        lambda shop: shop.warehouse.with_name("warehouse.duckdb.wal").write_text("a run was killed"),
        lambda shop: shop.last_run_file.write_text("{"),
    ],
)
def test_whatever_a_run_depends_on_makes_it_a_whole_run(complete: Project, change: object) -> None:
    assert callable(change)
    change(complete)
    assert nothing_new_since(complete) is None


def test_another_folder_of_exports_makes_it_a_whole_run(complete: Project, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    assert nothing_new_since(replace(complete, exports_folder=tmp_path / "other")) is None


def test_a_run_that_begins_takes_back_what_the_last_one_noted(complete: Project) -> None:
    with open_run(complete, "the command line"):
        pass
    assert nothing_new_since(complete) is None


def test_a_file_that_arrives_while_a_run_works_is_not_taken_for_seen(complete: Project) -> None:
    complete.last_run_file.unlink()
    began_with = what_is_read(complete)
    (complete.exports_folder / "events" / "events-2.jsonl").write_text("{}")
    note_complete(complete, began_with)
    assert nothing_new_since(complete) is None


def _write_source(shop: Project) -> None:
    (shop.journey_file.parent / "sources").mkdir()
    (shop.journey_file.parent / "sources" / "segment.sql").write_text("-- our own reading of Segment's calls")


def _overwrite_unseen(path: Path) -> None:
    """Other content of the same size in the same place, with the old time of change set again."""
    times = path.stat()
    with path.open("r+") as file:
        file.write("[]")
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))
