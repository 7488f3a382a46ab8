"""Checks: what a file must say, what is recorded of a run, and that a failure is remembered until it is mended."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest
from given import event, order, project, rows, settings, warehouse
from shops import first_days

from parcours.engine.checks import Check, key_check, read_checks, record, run_check
from parcours.engine.model import ModelError
from parcours.project import ROOT, load_project
from parcours.run import build_warehouse
from parcours.tables.catalogue import all_models, all_tables, build_all, declared_tables, tidy_log, with_upstreams
from parcours.tables.expectations import SUITES, suite_check
from parcours.tables.table_checks import all_checks, record_all, tidy_results
from parcours.warehouse.check_results import CHECK_RESULTS, CHECK_RESULTS_TABLE
from parcours.warehouse.connection import prepare
from parcours.warehouse.refresh_log import next_number, note_keys, table_states

HEADER = {"checks": "metrics.kpis", "severity": "warn", "finds": "odd kpis", "do": "Look at them."}
RESULT = f"select verdict, offending_count, samples from {CHECK_RESULTS} where check_name = "


def check(folder: Path, sql: str = "select kpi from metrics.kpis", name: str = "odd", **header: str) -> Check:
    """The check of a file with this header, HEADER where nothing is given; an empty text leaves a line out."""
    lines = [f"-- {key}: {value}" for key, value in (HEADER | header).items() if value]
    (folder / f"{name}.sql").write_text("\n".join([*lines, "-- No kpi is odd.", sql]), encoding="utf-8")
    read_checks.cache_clear()
    return next(found for found in read_checks(folder) if found.name == name)


@pytest.fixture
def kpis() -> duckdb.DuckDBPyConnection:
    """A warehouse of one small table."""
    connection = duckdb.connect()
    prepare(connection, "0" * 64)
    connection.execute("create table metrics.kpis (kpi text, value bigint, on_day date)")
    connection.execute(
        "insert into metrics.kpis select chr(cast(97 + n as int)), n, date '2026-01-01' + cast(n as int) "
        "from generate_series(0, 6) as g(n)"
    )
    return connection


@pytest.mark.parametrize("line", list(HEADER))
def test_a_check_without_a_line_of_its_header_is_refused_with_the_line_to_write(tmp_path: Path, line: str) -> None:
    with pytest.raises(ModelError, match=rf"odd\.sql: expected lines .*found no {line}"):
        check(tmp_path, **{line: ""})


def test_a_check_with_another_severity_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"odd\.sql: expected lines .*found the severity 'fatal'"):
        check(tmp_path, severity="fatal")


def test_every_check_of_ours_says_what_to_do_in_a_sentence() -> None:
    checks = all_checks(load_project(ROOT / "journey.yaml"))
    assert {found.name for found in checks} >= {"key_is_unique", "expectations", "no_file_is_refused"}
    assert [found.name for found in checks if not (found.to_do[:1].isupper() and found.to_do[-1:] in ".?!")] == []
    assert [found.name for found in checks if found.finds[:1].isupper() or found.finds[-1:] == "."] == []


def test_a_check_of_a_table_that_there_is_not_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sql" / "checks").mkdir(parents=True)
    check(tmp_path / "sql" / "checks", checks="metrics.kpi")
    monkeypatch.setattr("parcours.tables.table_checks.ROOT", tmp_path)
    with pytest.raises(ModelError, match=r"odd\.sql: no table metrics\.kpi\. Correct the line"):
        all_checks(load_project(ROOT / "journey.yaml"))


def test_a_result_is_one_row_per_check_replaced_when_it_runs_again(
    tmp_path: Path, kpis: duckdb.DuckDBPyConnection
) -> None:
    odd = check(tmp_path, "select kpi, value, on_day from metrics.kpis where value % 2 = 1")
    record(kpis, [odd])
    columns = ["table_name", "check_name", "severity", "verdict", "offending_count", "finding", "rule", "to_do"]
    assert rows(kpis, f"select {', '.join(columns)} from {CHECK_RESULTS}") == [
        ("metrics.kpis", "odd", "warn", "warned", 3, "odd kpis", "No kpi is odd.", "Look at them.")
    ]
    assert json.loads(rows(kpis, f"select samples from {CHECK_RESULTS}")[0][0])[0] == {
        "kpi": "b",
        "value": 1,
        "on_day": "2026-01-02",
    }
    kpis.execute("delete from metrics.kpis where value % 2 = 1")
    record(kpis, [odd])
    assert rows(kpis, f"{RESULT}'odd'") == [("passed", 0, "[]")]


def test_an_error_that_finds_rows_has_failed(tmp_path: Path, kpis: duckdb.DuckDBPyConnection) -> None:
    assert run_check(kpis, check(tmp_path, severity="error")).verdict == "failed"


def test_five_samples_are_kept_the_same_ones_whatever_order_the_table_is_in(
    tmp_path: Path, kpis: duckdb.DuckDBPyConnection
) -> None:
    plain, ordered = check(tmp_path), check(tmp_path, "select kpi from metrics.kpis order by value desc", "ordered")
    first = run_check(kpis, plain)
    assert first.offending_count == 7
    assert [sample["kpi"] for sample in first.samples] == ["a", "b", "c", "d", "e"]
    assert [sample["kpi"] for sample in run_check(kpis, ordered).samples] == ["g", "f", "e", "d", "c"]
    kpis.execute("create or replace table metrics.kpis as from metrics.kpis order by kpi desc")
    assert run_check(kpis, plain).samples == first.samples


def test_a_long_text_of_an_export_is_cut(tmp_path: Path, kpis: duckdb.DuckDBPyConnection) -> None:
    found = run_check(kpis, check(tmp_path, "select repeat('x', 9999) as text"))
    assert found.samples == [{"text": "x" * 120}]


def refresh_by_hand(connection: duckdb.DuckDBPyConnection, table: str, key: str, values: str, sql: str) -> None:
    """What a refresh leaves that replaced the rows of these keys: the rows, and its bookkeeping."""
    number = next_number(table_states(connection))
    connection.execute(sql)
    note_keys(connection, table, key, number, values)
    connection.execute(
        f"update refresh_log.tables set built_at = {number}, changed_at = {number} where table_name = '{table}'"
    )


def test_a_key_that_was_not_unique_fails_until_it_is_even_if_other_rows_were_refreshed_since() -> None:
    connection = warehouse(events=[event("a", 0, "landing"), event("b", 1, "landing")])
    (model,) = (model for model in all_models(project(settings())) if model.table == "journeys.people")
    unique, first = key_check(model), "select min(person_id) from journeys.people"
    assert record(connection, [unique])[0].verdict == "passed"
    twice = f"insert into journeys.people from journeys.people where person_id = ({first})"
    refresh_by_hand(connection, model.table, "person_id", first, twice)
    assert record(connection, [unique])[0].verdict == "failed"
    refresh_by_hand(connection, model.table, "person_id", "select max(person_id) from journeys.people", "select 1")
    assert record(connection, [unique])[0].verdict == "failed"
    tidy_log(connection, project(settings()))
    assert record(connection, [unique])[0].verdict == "failed"
    build_all(connection, project(settings()), full_refresh=True)
    assert record(connection, [unique])[0].verdict == "passed"


def test_an_unmet_suite_fails_until_its_rows_are_corrected_whatever_was_refreshed_since() -> None:
    connection = warehouse(order_rows=[order("1", 0), order("2", 1)])
    suite, table = suite_check(SUITES["staging.orders"], "order_id"), "staging.orders"
    assert record(connection, [suite])[0].verdict == "passed"
    wrong, right = (f"update staging.orders set refunded = {value} where order_id = '1'" for value in (-1, 1))
    refresh_by_hand(connection, table, "order_id", "select '1'", wrong)
    [found] = record(connection, [suite])
    assert (found.verdict, found.offending_count) == ("failed", 1)
    assert found.samples[0]["of"] == "column refunded, min_value 0, max_value 1000000000000"
    assert found.samples[0]["values"] == "-1.00"
    for _ in range(2):
        refresh_by_hand(connection, table, "order_id", "select '2'", "select 1")
        tidy_log(connection, project(settings()))
        assert record(connection, [suite])[0].verdict == "failed"
    refresh_by_hand(connection, table, "order_id", "select '1'", right)
    assert record(connection, [suite])[0].verdict == "passed"


def test_a_suite_that_was_changed_looks_at_every_row_again() -> None:
    connection = warehouse(order_rows=[order("1", 0), order("2", 1)])
    known = SUITES["staging.orders"]
    assert record(connection, [suite_check(known, "order_id")])[0].verdict == "passed"
    cheap = ("ExpectColumnValuesToBeBetween", {"column": "net_revenue", "min_value": 0, "max_value": 5})
    changed = suite_check(replace(known, expectations=(*known.expectations, cheap)), "order_id")
    assert record(connection, [changed])[0].offending_count == 2


def test_every_value_of_a_large_table_is_checked_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    connection = warehouse(order_rows=[order(str(i), i, value=i + 1) for i in range(40)])
    monkeypatch.setattr("parcours.tables.expectations.AT_ONCE", 7)
    connection.execute("update staging.orders set refunded = -net_revenue where net_revenue > 36")
    [found] = record(connection, [suite_check(SUITES["staging.orders"])])
    assert (found.offending_count, found.samples[0]["values"]) == (4, "-40.00, -39.00, -38.00, -37.00")


def test_a_check_that_is_an_error_reads_only_what_was_built_before_it() -> None:
    shop = project(settings())
    tables = [table for _, table in all_tables(shop)]
    built = {table.name for table in tables}
    for found in all_checks(shop):
        if found.severity == "error":
            assert {*found.reads} & built <= with_upstreams(tables, [found.table]), found.name


def test_what_a_check_said_that_is_no_more_is_dropped() -> None:
    connection = warehouse()
    record_all(connection, project(settings()))
    connection.execute(f"insert into {CHECK_RESULTS} (table_name, check_name) values ('metrics.gone', 'old')")
    build_all(connection, project(settings()))
    assert rows(connection, f"{RESULT}'old'")  # the table itself outlives a run's tidying
    tidy_results(connection, project(settings()))
    assert not rows(connection, f"{RESULT}'old'")
    expected = len(all_checks(project(settings())))
    assert rows(connection, f"select count(*), count(distinct (table_name, check_name)) from {CHECK_RESULTS}") == [
        (expected, expected)
    ]


def test_the_table_of_results_and_its_columns_say_what_they_hold() -> None:
    connection = warehouse()
    record_all(connection, project(settings()))
    where = "where schema_name = 'metrics' and table_name = 'check_results'"
    assert rows(connection, f"select comment from duckdb_tables() {where}")[0][0].startswith(
        "One row per table and check"
    )
    comments = rows(connection, f"select column_name, comment from duckdb_columns() {where}")
    assert comments == [*CHECK_RESULTS_TABLE.columns.items()]


@pytest.mark.fuzz
def test_results_are_the_same_however_the_run_was_split(tmp_path: Path) -> None:
    whole, split = first_days(tmp_path / "whole", 4), first_days(tmp_path / "split", 2)
    build_warehouse(whole)
    build_warehouse(split)
    for path in whole.exports_folder.glob("events/*"):
        (split.exports_folder / "events" / path.name).write_bytes(path.read_bytes())
    build_warehouse(split)

    def results(published: Path) -> list[tuple[str, ...]]:
        with duckdb.connect(str(published), read_only=True) as connection:
            # What is new or gone since the load before depends on the loads by its meaning.
            return rows(connection, f"from {CHECK_RESULTS} where table_name <> 'metrics.schema_drift' order by all")

    assert results(split.published) == results(whole.published)
    assert len(results(whole.published)) > 90


def test_a_check_reads_its_table_and_what_that_is_made_of() -> None:
    made_of: dict[str, set[str]] = {}
    for table in declared_tables(project(settings())):
        made_of[table.table] = {
            table.table,
            *table.upstreams,
            *(t for u in table.upstreams for t in made_of.get(u, {u})),
        }
    for found in read_checks(ROOT / "sql" / "checks"):
        for read in found.reads:
            if not read.startswith(("raw.", "settings.")):
                assert read in made_of[found.table], (
                    f"{found.name} is behind {found.table}, which may be built before {read}"
                )
