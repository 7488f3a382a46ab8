"""A file that is taken back leaves the tables as if it had never been loaded, whatever it had repeated or restated."""

from __future__ import annotations

import csv
import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest
from canonical_shops import File, contents, difference, load_files
from given import at, rows
from hypothesis import assume, given
from hypothesis import strategies as st
from random_shops import shops_and_loads
from shops import copy_of, first_days
from test_incremental import few, in_order, many, shop

from parcours.loading.repeats import EXPANDED
from parcours.loading.unload import NotLoaded, load_again, unload
from parcours.project import Project
from parcours.run import build_warehouse
from parcours.tables.catalogue import build_all
from parcours.warehouse.canonical import KINDS
from pipelines.__main__ import main
from pipelines.code_location import build_defs

DAY = 86400.0


def path_of(file: File) -> str:
    return f"{file.export}/{file.number:03d}.jsonl"


def taken_back_is_never_loaded(parts: Sequence[Sequence[File]], gone: Sequence[str]) -> None:
    """Load in parts, with a refresh after each; take files back one by one: the tables are those of the other files."""
    with shop() as (project, connection):
        for part in parts:
            load_files(connection, project, part)
            build_all(connection, project)
        for path in gone:
            unload(connection, project, [path])
        build_all(connection, project)
        found, raw = contents(connection), accounted(connection)
    with shop() as (project, connection):
        for part in parts:
            if left := [file for file in part if path_of(file) not in gone]:
                load_files(connection, project, left)
        build_all(connection, project)
        assert not difference(found, contents(connection), in_order(project))
        assert not difference(raw, accounted(connection))


def accounted(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """What raw.* holds, but for the numbers of loads and what is said of files that were taken back."""
    found = {f"raw.{kind}": contents(connection, ["raw"])[f"raw.{kind}"] for kind in (*KINDS, "rejected_rows")}
    counts = rows(
        connection,
        "select path, rows_read, rows_loaded, rows_duplicate, rows_rejected, file_order, covers_until "
        "from raw.loads where status = 'loaded'",
    )
    lines = rows(connection, f"from {EXPANDED}")
    return found | {"raw.loads": ([], sorted(map(repr, counts))), "raw.repeated_rows": ([], sorted(map(repr, lines)))}


@st.composite
def shops_to_take_back(draw: st.DrawFn, at_most: int = 3) -> tuple[list[list[File]], list[str]]:
    """Loads of files that repeat rows of each other, some in a row; and the paths of some that are taken back."""
    _, parts = draw(shops_and_loads(at_most))
    of_export: dict[str, list[Any]] = {}
    found = []
    for part in parts:
        found.append([])
        for file in part:
            known = of_export.setdefault(file.export, [])
            start, count, place = draw(st.tuples(st.integers(0, len(known)), st.integers(0, 6), st.integers(0, 3)))
            repeated = (*file.rows[:place], *known[start : start + count], *file.rows[place:])
            known += file.rows
            found[-1].append(File(file.export, file.number, repeated))
    files = [file for part in found for file in part]
    # A content is loaded once, and taken back under any of its names.
    assume(len({repr(file.rows) for file in files}) == len(files))
    paths = sorted(map(path_of, files))
    return found, draw(st.lists(st.sampled_from(paths), min_size=1, max_size=3, unique=True))


@pytest.mark.fuzz
@few(1)
@given(shops_to_take_back())
def test_a_file_taken_back_is_as_if_it_had_never_been_loaded(drawn: Any) -> None:
    taken_back_is_never_loaded(*drawn)


@pytest.mark.fuzz
@many(8)
@given(shops_to_take_back(at_most=6))
def test_many_files_taken_back_are_as_if_they_had_never_been_loaded(drawn: Any) -> None:
    taken_back_is_never_loaded(*drawn)


def event(name: str, day: float, **columns: Any) -> dict[str, Any]:
    return {"event_id": name, "event_name": "product", "occurred_at": at(day * DAY), "customer_id": "c1", **columns}


def order(number: str, day: float, **columns: Any) -> dict[str, Any]:
    return {"order_id": number, "row_key": "order", "ordered_at": at(day * DAY), "customer_id": "c1", **columns}


def test_rows_that_a_later_file_repeated_come_back_as_that_files() -> None:
    first, second, third = (event(name, day) for day, name in enumerate("abc"))
    with shop() as (project, connection):
        for number, given_rows in enumerate([(first, second), (first, second, third, first), (second,)]):
            load_files(connection, project, [File("events", number, given_rows)])
        stored = "select event_id, file_order[-3:], line from raw.events order by 1"
        counted = "select status, rows_loaded, rows_duplicate from raw.loads order by path"
        assert rows(connection, "select row_count from raw.repeated_rows order by file_id") in (
            [(2,), (1,)],
            [(1,), (2,)],
        )
        [done] = unload(connection, project, ["events/000.jsonl"])
        assert (done.kind, done.rows_gone, done.rows_kept) == ("events", 0, 2)
        assert rows(connection, stored) == [("a", "001", 1), ("b", "001", 2), ("c", "001", 3)]
        assert rows(connection, counted) == [
            ("unloaded", 2, 0),
            ("loaded", 3, 1),
            ("loaded", 0, 1),
        ]
        [done] = unload(connection, project, ["events/001.jsonl"])
        assert (done.rows_gone, done.rows_kept) == (2, 1)
        assert rows(connection, stored) == [("b", "002", 1)]
        [done] = unload(connection, project, ["events/002.jsonl"])
        assert (done.rows_gone, done.rows_kept) == (1, 0) and rows(connection, stored) == []
        assert rows(connection, "from raw.repeated_rows") == []


def test_an_older_version_of_a_row_stands_again() -> None:
    with shop() as (project, connection):
        load_files(connection, project, [File("order_rows", 1, (order("#1", 0, total="20"), order("#2", 1)))])
        build_all(connection, project)
        load_files(connection, project, [File("order_rows", 2, (order("#1", 0, total="9000"), order("#2", 1)))])
        build_all(connection, project)
        total = "select total from staging.orders where order_id = '#1'"
        assert rows(connection, total) == [(9000,)]
        unload(connection, project, ["order_rows/002.jsonl"])
        touched = {found.table: found.touched for found in build_all(connection, project)}
        assert rows(connection, total) == [(20,)] and touched["staging.orders"] == 1


def test_an_earlier_delivery_of_a_day_stands_again() -> None:
    with shop() as (project, connection):
        for number, names in enumerate(["ab", "bc"]):
            given_rows = tuple(event(name, 0, part="day 1", delivery=str(number)) for name in names)
            load_files(connection, project, [File("days", number, given_rows)])
            build_all(connection, project)
        staged = "select event_id from staging.events order by 1"
        assert rows(connection, staged) == [("b",), ("c",)]
        unload(connection, project, ["days/001.jsonl"])
        build_all(connection, project)
        assert rows(connection, staged) == [("a",), ("b",)]


def test_a_file_that_was_taken_back_is_not_loaded_again_unless_asked_or_with_another_content() -> None:
    wrong = File("events", 1, (event("a", 0),))
    with shop() as (project, connection):
        load_files(connection, project, [File("events", 0, (event("z", 0),)), wrong])
        unload(connection, project, ["events/001.jsonl"])
        load_files(connection, project, [wrong, File("events", 7, wrong.rows)])
        ids = "select event_id from raw.events order by 1"
        told = "select status, unloaded_at is not null from raw.loads where path = 'events/001.jsonl' order by 1"
        assert rows(connection, ids) == [("z",)] and rows(connection, told) == [("unloaded", True)]
        assert load_again(connection, project, ["events/001.jsonl"]) == ["events/001.jsonl"]
        load_files(connection, project, [wrong])
        assert rows(connection, ids) == [("a",), ("z",)]
        unload(connection, project, [str(project.exports_folder / "events" / "001.jsonl")])
        load_files(connection, project, [File("events", 1, (event("b", 0),))])
        assert rows(connection, ids) == [("b",), ("z",)]
        assert rows(connection, told) == [("loaded", False), ("unloaded", True)]


def test_of_several_contents_of_one_name_that_which_lies_there_is_taken_back() -> None:
    with shop() as (project, connection):
        for name in "abc":
            load_files(connection, project, [File("events", 0, (event(name, 0),))])
        ids = "select event_id from raw.events order by 1"
        unload(connection, project, ["events/000.jsonl"])
        assert rows(connection, ids) == [("a",), ("b",)]
        # Again the same name means the same file: no other content of that name goes by mistake.
        with pytest.raises(NotLoaded, match=r"events/000\.jsonl: is taken back at .* \(loaded\)"):
            unload(connection, project, ["events/000.jsonl"])
        (project.exports_folder / "events" / "000.jsonl").unlink()
        with pytest.raises(NotLoaded, match="so there is nothing to do"):
            unload(connection, project, ["events/000.jsonl"])
        [(first, _)] = rows(connection, "select file_id, rowid from raw.loads order by rowid limit 1")
        unload(connection, project, [first])
        assert rows(connection, ids) == [("b",)]
        with pytest.raises(NotLoaded, match=r"nowhere\.csv: no such file was loaded"):
            unload(connection, project, ["nowhere.csv"])


def test_what_cannot_be_taken_back_leaves_all_as_it_was() -> None:
    with shop() as (project, connection):
        load_files(connection, project, [File("events", 0, (event("a", 0),))])
        with pytest.raises(NotLoaded):
            unload(connection, project, ["events/000.jsonl", "events/001.jsonl"])
        assert rows(connection, "select status from raw.loads") == [("loaded",)]
        with pytest.raises(NotLoaded, match=r"events/000\.jsonl: is loaded"):
            load_again(connection, project, ["events/000.jsonl"])


def test_rejected_rows_go_with_their_file() -> None:
    with shop() as (project, connection):
        wrong = event("b", 0) | {"quantity": "-1"}
        load_files(connection, project, [File("events", 0, (event("a", 0), wrong))], may_reject=True)
        load_files(connection, project, [File("events", 1, (event("c", 0),))])
        [done] = unload(connection, project, ["events/000.jsonl"])
        build_all(connection, project)
        assert done.rows_rejected == 1 and rows(connection, "from raw.rejected_rows") == []
        told = "select export, status, file_count, rows_read, rows_rejected from metrics.export_rows order by all"
        assert rows(connection, told) == [("events", "loaded", 1, 1, 0), (None, None, 1, 1, 0)]


@pytest.fixture(scope="module")
def spoilt(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, dict[str, Any]]:
    """A made-up shop into which an export with wrong totals came, published; and what was published before."""
    project = first_days(tmp_path_factory.mktemp("shop"), 2)
    build_warehouse(project)
    before = published_by(project)
    orders = project.exports_folder / "orders"
    with (orders / "orders_export_3.csv").open(encoding="utf-8", newline="") as file:
        wrong = [{**row, "Total": "90000.00"} if row["Total"] else row for row in csv.DictReader(file)]
    with (orders / "orders_export_4.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(wrong[0]))
        writer.writeheader()
        writer.writerows(wrong)
    build_warehouse(project)
    assert difference(published_by(project), before).startswith("journeys.") and wrong
    return project, before


def published_by(project: Project) -> dict[str, Any]:
    """What is published, but for what the checks said; doubles without their last digits, which threads decide."""
    with duckdb.connect(str(project.published), read_only=True) as connection:
        found = contents(connection)
    found.pop("metrics.check_results")
    rounded = partial(re.sub, r"-?\d+(\.\d+)?e-?\d+|-?\d+\.\d{7,}", lambda number: str(round(float(number[0]), 6) + 0))
    return {table: (columns, sorted(map(rounded, said))) for table, (columns, said) in found.items()}


@pytest.mark.nights
def test_the_dagster_job_takes_a_file_back_and_publishes_without_it(
    spoilt: tuple[Project, dict[str, Any]], tmp_path: Path
) -> None:
    shop, before = copy_of(spoilt[0], tmp_path), spoilt[1]
    job = build_defs(shop).resolve_job_def("unload_files")
    config = {"ops": {"take_back_and_publish": {"config": {"files": ["orders/orders_export_4.csv"]}}}}
    with dg.instance_for_test() as instance:
        result = job.execute_in_process(config, instance=instance)
        told = [str(entry.user_message) for entry in instance.all_logs(result.run_id)]
    assert result.success and not difference(published_by(shop), before)
    assert shop.report.exists() and shop.quality_report.exists()
    [said] = [text for text in told if text.startswith("orders/orders_export_4.csv: ")]
    found = re.search(r"(\d+) rows of raw.order_rows are gone.*\n(\d+) people and (\d+) orders are restated", said)
    assert found and min(map(int, found.groups())) > 100


@pytest.mark.nights
def test_the_command_takes_a_file_back_and_says_what_that_was(
    spoilt: tuple[Project, dict[str, Any]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shop, before = copy_of(spoilt[0], tmp_path), spoilt[1]
    monkeypatch.setenv("PARCOURS_OUTPUT", str(shop.output))
    command = ["unload", "--exports", str(shop.exports_folder)]
    assert main([*command, "orders/none.csv"]) == 1
    assert "orders/none.csv: no such file was loaded" in capsys.readouterr().err
    assert main([*command, "--again", str(shop.exports_folder / "orders" / "orders_export_4.csv")]) == 1
    assert "orders/orders_export_4.csv: is loaded, so there is nothing to do" in capsys.readouterr().err
    assert main([*command, "orders/orders_export_4.csv"]) == 0 and not difference(published_by(shop), before)
    assert " orders are restated." in capsys.readouterr().out
