"""Schema drift: which names of columns and events came or went with the latest load of an export."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest
from given import examples, project, rows, settings, warehouse
from hypothesis import HealthCheck, given, strategies
from hypothesis import settings as budget

from parcours.engine.checks import read_checks, run_check
from parcours.project import ROOT
from parcours.tables.catalogue import build_all

DRIFT = "select export, what, name, first_load, last_load, row_count, verdict from metrics.schema_drift order by all"
File = tuple[int, str, dict[tuple[str, str], int]]
"""A file: the number of its load, its export, and the rows of each column or event in it."""


def drift_in(files: list[File]) -> duckdb.DuckDBPyConnection:
    """A warehouse in which these files were loaded."""
    built = warehouse(build=["metrics.cut_off"], without=["events", "order_rows"])
    for number, (load, export, names) in enumerate(files):
        built.execute(
            "insert into raw.loads (file_id, path, file_order, load_number, export, kind, status) "
            "values ($id, $id, $id, $load, $export, 'events', 'loaded')",
            {"id": f"f{number}", "load": load, "export": export},
        )
        for (what, name), count in names.items():
            built.execute(
                "insert into raw.observed_names values (?, ?, ?, ?, ?)", [f"f{number}", export, what, name, count]
            )
    build_all(built, project(settings()), ["metrics.schema_drift"])
    return built


def verdicts(files: list[File]) -> dict[str, str]:
    """The verdict of each name."""
    return dict(rows(drift_in(files), "select name, verdict from metrics.schema_drift"))


def columns(*names: str) -> dict[tuple[str, str], int]:
    return {("column", name): 1 for name in names}


def test_a_name_is_new_gone_or_known_by_the_exports_latest_load() -> None:
    files = [(1, "web", columns("a", "b")), (2, "web", columns("a", "c"))]
    assert verdicts(files) == {"a": "known", "b": "gone", "c": "new"}


def test_nothing_is_new_in_an_exports_first_load() -> None:
    assert verdicts([(3, "web", columns("a"))]) == {"a": "known"}


def test_what_was_new_is_known_with_the_next_load_and_what_comes_back_is_not_new() -> None:
    files = [(1, "web", columns("a", "b")), (2, "web", columns("a", "c")), (3, "web", columns("a", "b", "c"))]
    assert verdicts(files) == {"a": "known", "b": "known", "c": "known"}


def test_a_load_without_a_file_of_the_export_says_nothing_of_it() -> None:
    files = [(1, "web", columns("a")), (2, "web", columns("a", "b")), (3, "shop", columns("z"))]
    assert verdicts(files) == {"a": "known", "b": "new", "z": "known"}


def test_columns_and_events_of_one_name_are_told_apart_and_rows_are_added_up() -> None:
    files: list[File] = [
        (1, "web", {("column", "Order"): 5}),
        (2, "web", {("column", "Order"): 7, ("event", "Order"): 2}),
        (2, "web", {("event", "Order"): 3}),
    ]
    assert rows(drift_in(files), DRIFT) == [
        ("web", "column", "Order", 1, 2, 12, "known"),
        ("web", "event", "Order", 2, 2, 5, "new"),
    ]


@pytest.mark.parametrize(
    ("names", "found"),
    [({("event", "a"): 1}, 0), ({("event", "a"): 1, ("event", "b"): 1}, 1), ({("column", "b"): 1}, 0)],
)
def test_the_check_finds_new_event_names_only(names: dict[tuple[str, str], int], found: int) -> None:
    built = drift_in([(1, "web", {("event", "a"): 1}), (2, "web", names)])
    check = next(c for c in read_checks(ROOT / "sql" / "checks") if c.name == "no_new_event_names")
    assert run_check(built, check).offending_count == found


names = strategies.dictionaries(
    strategies.tuples(strategies.sampled_from(["column", "event"]), strategies.sampled_from("abc")),
    strategies.integers(1, 9),
    max_size=4,
)
random_files = strategies.lists(
    strategies.tuples(strategies.integers(1, 4), strategies.sampled_from(["web", "shop"]), names), max_size=8
)


@pytest.mark.random
@budget(max_examples=examples(10, 30), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(random_files)
def test_equal_to_looking_at_load_after_load(files: list[File]) -> None:
    assert rows(drift_in(files), DRIFT) == looked_at(files)


def looked_at(files: list[File]) -> list[tuple[Any, ...]]:
    """The slow, obvious form: every name of every export, and the loads that have it."""
    found = []
    for export in ("web", "shop"):
        loads = sorted({load for load, of, _ in files if of == export})
        for what, name in sorted({key for _, of, names in files if of == export for key in names}):
            having = [(load, names[what, name]) for load, of, names in files if of == export and (what, name) in names]
            first, last = min(load for load, _ in having), max(load for load, _ in having)
            verdict = "known"
            if last != loads[-1]:
                verdict = "gone"
            elif first == loads[-1] and len(loads) > 1:
                verdict = "new"
            found.append((export, what, name, first, last, sum(count for _, count in having), verdict))
    return sorted(found)
