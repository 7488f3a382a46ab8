"""A check looks at the version of a row that stands: a corrected export clears it, a worse one trips it."""

from __future__ import annotations

from typing import Any

import duckdb
from canonical_shops import File, load_files
from given import at, rows
from sqlglot import exp, parse_one
from test_incremental import shop

from parcours.engine.checks import Finding, read_checks, run_check
from parcours.loading.unload import unload
from parcours.project import ROOT, Project
from parcours.tables.catalogue import build_all
from parcours.warehouse.raw_tables import ACCOUNTING

DAY = 86400.0
CHECKS = ROOT / "sql" / "checks"


def found_by(connection: duckdb.DuckDBPyConnection, project: Project, name: str) -> Finding:
    """What a check finds, once its table is up to date."""
    check = next(check for check in read_checks(CHECKS) if check.name == name)
    build_all(
        connection,
        project,
        [check.table, "staging.orders", "staging.events", "staging.deals", "metrics.rejected_files"],
    )
    return run_check(connection, check)


def order(number: str, day: float, **columns: Any) -> dict[str, Any]:
    return {"order_id": number, "row_key": "order", "ordered_at": at(day * DAY), "customer_id": "c1", **columns}


def test_no_check_reads_rows_as_they_were_loaded() -> None:
    for path in CHECKS.glob("*.sql"):
        read = parse_one(path.read_text(encoding="utf-8"), dialect="duckdb").find_all(exp.Table)
        assert not {table.name for table in read if table.db == "raw"} - {*ACCOUNTING}, path.name


def test_an_order_whose_currency_was_corrected_offends_no_more() -> None:
    name = "amounts_have_a_rate"
    with shop() as (project, connection):
        load_files(connection, project, [File("order_rows", 1, (order("#1", 0, currency="USD"), order("#2", 1)))])
        left_out = {"left_out_from": "2026-01-05", "left_out_to": "2026-01-05"}
        assert found_by(connection, project, name).samples == [
            {"kind": "orders", "currencies": "USD 1", "left_out_count": 1, **left_out}
        ]
        load_files(connection, project, [File("order_rows", 2, (order("#1", 0, currency="EUR"), order("#2", 1)))])
        assert found_by(connection, project, name).verdict == "passed"
        load_files(connection, project, [File("order_rows", 3, (order("#2", 2, currency="AUD"),))])
        assert found_by(connection, project, name).verdict == "warned"
        unload(connection, project, ["order_rows/003.jsonl"])
        assert found_by(connection, project, name).verdict == "passed"


def test_one_row_of_an_order_in_another_currency_offends_whichever_sorts_first() -> None:
    for other in ("AUD", "USD"):
        line = {"order_id": "#1", "row_key": "line 1", "quantity": 1, "unit_price": "10", "currency": other}
        with shop() as (project, connection):
            load_files(connection, project, [File("order_rows", 1, (order("#1", 0, currency="EUR"), line))])
            assert found_by(connection, project, "amounts_have_a_rate").offending_count == 1


def test_a_line_whose_order_stands_no_more_offends_and_one_that_got_its_order_does_not() -> None:
    name = "lines_have_an_order"
    line, later = (
        {"order_id": number, "row_key": "line 1", "quantity": 1, "unit_price": "10", "paid_at": at(day * DAY)}
        for number, day in (("#1", 2), ("#2", 0))
    )
    with shop() as (project, connection):
        load_files(connection, project, [File("order_rows", 1, (order("#1", 0), later))])
        assert found_by(connection, project, name).samples == [{"order_id": "#2", "line_id": "line 1"}]
        load_files(connection, project, [File("order_rows", 2, (order("#2", 0), later | {"paid_at": at(3 * DAY)}))])
        assert found_by(connection, project, name).verdict == "passed"
        # The newest export has the line and no more the order, which is therefore in no table.
        load_files(connection, project, [File("order_rows", 3, (line,))])
        assert found_by(connection, project, name).samples == [{"order_id": "#1", "line_id": "line 1"}]
        assert rows(connection, "select order_id from staging.orders where order_id = '#1'") == []


def test_a_file_that_was_written_again_is_judged_by_what_it_holds_now() -> None:
    name, sound = "few_rows_are_rejected", {"event_name": "product", "occurred_at": at(0), "customer_id": "c1"}
    wrong = tuple({**sound, "event_id": f"w{n}", "quantity": "-1"} for n in range(3))
    mended = tuple({**sound, "event_id": f"w{n}", "quantity": "1"} for n in range(3))
    with shop() as (project, connection):
        load_files(connection, project, [File("events", 1, (*wrong, {**sound, "event_id": "s"}))], may_reject=True)
        assert found_by(connection, project, name).samples[0]["rows_rejected"] == 3
        load_files(connection, project, [File("events", 1, (*mended[:2], wrong[2]))], may_reject=True)
        assert [found["rows_rejected"] for found in found_by(connection, project, name).samples] == [1]
        assert rows(connection, "select path, rows_rejected from metrics.rejected_files") == [("events/001.jsonl", 1)]
        load_files(connection, project, [File("events", 1, mended)])
        assert found_by(connection, project, name).verdict == "passed"
        load_files(connection, project, [File("events", 2, (*wrong, {**sound, "event_id": "t"}))], may_reject=True)
        assert found_by(connection, project, name).verdict == "warned"
        unload(connection, project, ["events/002.jsonl"])
        assert found_by(connection, project, name).verdict == "passed"
