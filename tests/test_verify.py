"""`parcours run --verify` names what the tables say otherwise than a full build, and nothing else."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from canonical_shops import canonical_project, load_files, open_canonical
from given import rows, settings
from test_incremental import TELLING

from parcours.project import Project
from parcours.tables.catalogue import build_all, declared_tables
from parcours.tables.verify import attach_kept, build_whole, compare, find_differences
from parcours.warehouse.connection import WarehouseBusy
from pipelines.commands.verify import verify


@pytest.fixture(scope="module")
def refreshed(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A shop of two loads, refreshed after each; only read."""
    project = canonical_project(tmp_path_factory.mktemp("shop"), settings())
    for part in TELLING:
        with open_canonical(project, str(project.warehouse)) as connection:
            load_files(connection, project, part)
            build_all(connection, project)
    return project


@pytest.fixture
def built(refreshed: Project, tmp_path: Path) -> Project:
    """A copy of it."""
    shutil.copytree(refreshed.output, tmp_path / "shop")
    return replace(refreshed, output=tmp_path / "shop")


@pytest.fixture(scope="module")
def whole(refreshed: Project) -> Iterator[duckdb.DuckDBPyConnection]:
    """Its tables built whole."""
    with duckdb.connect() as connection:
        attach_kept(connection, refreshed)
        build_whole(connection, refreshed)
        yield connection
        connection.execute("detach kept")


def changed(whole: duckdb.DuckDBPyConnection, project: Project, *statements: str) -> list[str]:
    """The differences found after some statements on the warehouse, in words."""
    with open_canonical(project, str(project.warehouse)) as connection:
        for statement in statements:
            connection.execute(statement)
    whole.execute("detach kept")
    attach_kept(whole, project)
    return [str(difference) for difference in compare(whole, project)]


def test_what_was_only_refreshed_equals_a_full_build_and_is_only_read(built: Project) -> None:
    before = built.warehouse.read_bytes()
    assert find_differences(built) == []
    assert built.warehouse.read_bytes() == before and not list(built.output.glob(".verify-*"))


def test_a_value_changed_by_hand_is_named_with_table_key_and_column(
    whole: duckdb.DuckDBPyConnection, built: Project
) -> None:
    found = changed(
        whole, built, "update journeys.order_sessions set is_void = not is_void, net_revenue = 7 where order_id = '#1'"
    )
    assert found == [
        "journeys.order_sessions, net_revenue: 1 row differs\n    order_id = #1: 7.00 refreshed, 0.00 built whole",
        "journeys.order_sessions, is_void: 1 row differs\n    order_id = #1: false refreshed, true built whole",
    ]


def test_rows_added_and_lost_by_hand_are_named_with_their_keys(
    whole: duckdb.DuckDBPyConnection, built: Project
) -> None:
    found = changed(
        whole,
        built,
        "insert into metrics.drop_off_ranking values ('cart', 'by hand', 1, 1, false)",
        "delete from journeys.identities where identifier = 'customer:c1'",
    )
    assert found == [
        "journeys.identities: 1 row differs\n    identifier = customer:c1: only built whole",
        "metrics.drop_off_ranking: 1 row differs\n    stage = cart, ranking = by hand: only refreshed",
    ]


@pytest.mark.fuzz
def test_of_many_differences_the_first_are_shown_and_the_others_counted(
    whole: duckdb.DuckDBPyConnection, built: Project
) -> None:
    (found,) = changed(whole, built, "update journeys.identities set has_evidence = not has_evidence")
    [(count,)] = rows(whole, "select count(*) from journeys.identities")
    assert found.startswith(f"journeys.identities, has_evidence: {count} rows differ\n")
    assert len(found.splitlines()) == 5 and found.endswith(f"… and {count - 3} more")


@pytest.mark.fuzz
@pytest.mark.parametrize(("factor", "is_other"), [("1 + 1e-13", False), ("1 + 1e-6", True), ("0", True)])
def test_doubles_may_differ_by_the_order_of_summation_and_no_more(
    whole: duckdb.DuckDBPyConnection, built: Project, factor: str, is_other: bool
) -> None:
    found = changed(whole, built, f"update journeys.sessions set duration_seconds = duration_seconds * ({factor})")
    assert bool(found) == is_other
    assert not found or found[0].startswith("journeys.sessions, duration_seconds: ")


@pytest.mark.fuzz
def test_a_row_lost_by_hand_is_seen_in_any_table(whole: duckdb.DuckDBPyConnection, built: Project) -> None:
    tables = [table.table for table in declared_tables(built)]
    filled = [table for table in tables if rows(whole, f"select count(*) from {table}") != [(0,)]]
    assert len(filled) > 40
    found = changed(whole, built, *(f"delete from {t} where rowid = (select min(rowid) from {t})" for t in filled))
    assert [text.split(":")[0] for text in found] == filled


def test_the_command_says_what_differs_and_fails(
    built: Project, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with open_canonical(built, str(built.warehouse)) as connection:
        connection.execute("update journeys.sessions set exit_path = 'by hand'")
    assert verify(built) == 1
    said = capsys.readouterr().out
    assert "journeys.sessions, exit_path" in said and "by hand refreshed" in said and "--full-refresh" in said
    monkeypatch.setattr("parcours.tables.verify.find_differences", lambda _: [])
    assert verify(built) == 0
    assert "All tables equal a full build" in capsys.readouterr().out


def test_who_has_the_warehouse_open_is_named(built: Project) -> None:
    code = "import sys, duckdb\nc = duckdb.connect(sys.argv[1])\nprint('open', flush=True)\nsys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", code, str(built.warehouse)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout and holder.stdout.readline() == "open\n"
        with pytest.raises(WarehouseBusy, match=str(holder.pid)):
            find_differences(built)
        holder.communicate()
