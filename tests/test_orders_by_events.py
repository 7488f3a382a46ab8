"""Shops of a click-stream alone: orders are its purchase events; given these events, then these orders and figures."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import duckdb
import pytest
from canonical_shops import File, canonical_project, contents, difference, load_files, open_canonical
from given import Row, at, event, order, rows, settings, warehouse
from random_shops import shop_settings

from parcours.engine.checks import read_checks, run_check
from parcours.project import ROOT
from parcours.tables.catalogue import all_models, build_all

HOUR, DAY = 3600.0, 86400.0


def visit(who: str, when: float, *names: str, **purchase: Any) -> list[Row]:
    """Events a minute apart; the last one with what it says of the purchase."""
    last = len(names) - 1
    return [event(who, when + 60 * n, name, **(purchase if n == last else {})) for n, name in enumerate(names)]


def alone(*events: list[Row], **more: Any) -> duckdb.DuckDBPyConnection:
    """A warehouse without an export of orders."""
    given = [row for visits in events for row in visits]
    return warehouse(events=given, without=["order_rows"], known_until=at(200 * DAY), **more)


def found_by(built: duckdb.DuckDBPyConnection, check: str) -> int:
    (read,) = [c for c in read_checks(ROOT / "sql" / "checks") if c.name == check]
    return run_check(built, read).offending_count


@pytest.fixture(scope="module")
def clicks() -> duckdb.DuckDBPyConnection:
    """Two visits that bought, one of them without an order's id, a repeat of weeks later, and one that did not buy."""
    return alone(
        visit("u1", 0, "landing", "product", "add", "checkout", "purchased", order_id="T1", value=59.9),
        visit("u1", 300, "purchased", order_id="T1", value=59.9),  # loaded again at once
        visit("u1", 40 * DAY, "purchased", order_id="T1", value=59.9),  # the tab was restored
        visit("u2", HOUR, "landing", "product", "add", "checkout", "purchased", value=20),
        visit("u3", 2 * HOUR, "landing", "product", "add"),
    )


@pytest.mark.parametrize("is_alone", [True, False])
def test_a_day_without_visits_is_an_outage_of_tracking_only_where_an_export_tells_of_its_orders(is_alone: bool) -> None:
    bought = ("product", "add", "checkout", "purchased")
    days = [visit(f"u{n}", n * DAY + 12 * HOUR, *bought, order_id=f"T{n}", value=10) for n in range(20) if n != 9]
    # Begun before midnight, ordered after it, on a day on which nobody else came.
    night = visit("night", 9 * DAY - 120, *bought, order_id="T9", value=10)
    events = [row for visits in [*days, night] for row in visits]
    orders = [order(f"T{n}", n * DAY + (60 if n == 9 else 12 * HOUR + 180), anonymous_id=f"u{n}") for n in range(20)]
    built = warehouse(
        events=events,
        order_rows=[] if is_alone else [{k: v for k, v in row.items() if k != "anonymous_id"} for row in orders],
        without=["order_rows"] if is_alone else [],
        build=["metrics.outage_days", "metrics.quality_marks"],
        known_until=at(200 * DAY),
    )
    outages = rows(built, "select outage, touchpoint_count, order_count from metrics.outage_days")
    assert outages == ([] if is_alone else [("tracking", 0, 1)])
    mark = "select good_count, all_count from metrics.quality_marks where mark = 'days without an outage'"
    [(good, all_days)] = rows(built, mark)
    assert all_days - good == len(outages) and all_days == 20


def test_repeated_ids_make_one_order_and_an_event_without_an_id_is_an_order_of_its_own(
    clicks: duckdb.DuckDBPyConnection,
) -> None:
    found = "select starts_with(order_id, 'event '), cast(net_revenue as double), ordered_at, is_void"
    assert rows(clicks, f"{found} from journeys.order_sessions order by all") == [
        (False, 59.9, at(240), False),
        (True, 20.0, at(HOUR + 240), False),
    ]
    assert found_by(clicks, "purchase_events_of_orders_come_once") == 2
    assert found_by(clicks, "purchase_events_name_an_order") == 1
    assert rows(clicks, "select has_orders_by_events from metrics.cut_off") == [(True,)]


def test_conversion_carts_and_journeys_are_by_these_orders(clicks: duckdb.DuckDBPyConnection) -> None:
    query = (
        "select kpi, numerator, denominator from metrics.kpis where period = 'all' and kpi not like 'stage_passage:%'"
    )
    assert rows(clicks, f"{query} order by kpi") == [
        ("cart_abandonment", 1, 3), ("checkout_abandonment", 0, 2), ("conversion", 2, 3), ("retention", 0, 2),
    ]  # fmt: skip
    assert rows(clicks, "select state, count(*) from metrics.cart_states group by 1 order by 1") == [
        ("abandoned", 1), ("purchased", 2),
    ]  # fmt: skip
    journeys = "select journey_type, count(*), max(last_touched_at) < ? from journeys.journeys group by 1 order by 1"
    assert clicks.execute(journeys, [at(DAY)]).fetchall() == [("first purchase", 2, True), ("usage", 1, True)]
    assert rows(clicks, "select sum(cast(net_revenue as double)) from journeys.sessions") == [(79.9,)]


def test_there_is_nothing_to_reconcile_orders_with(clicks: duckdb.DuckDBPyConnection) -> None:
    assert rows(clicks, "select count(*) from metrics.reconciliation") == [(0,)]
    assert rows(clicks, "select count(*) from metrics.unmatched_orders") == [(0,)]


def test_refund_and_cancellation_events_take_back_what_they_say() -> None:
    built = alone(
        *(visit(f"u{n}", n * HOUR, "purchased", order_id=f"T{n}", value=100) for n in range(5)),
        visit("u1", DAY, "refund", order_id="T1", value=30),
        visit("u1", 2 * DAY, "Order Refunded", order_id="T1", value=20),
        visit("u2", DAY, "refund", order_id="T2"),
        visit("u3", DAY, "Order Cancelled", order_id="T3"),
        visit("u4", DAY, "refund", value=5),  # of no order that is known
        build=["staging.orders"],
    )
    found = (
        "select order_id, state, cast(refunded as double), cast(net_revenue as double), refunded_at from staging.orders"
    )
    assert rows(built, f"{found} order by 1") == [
        ("T0", "placed", 0.0, 100.0, None),
        ("T1", "partly_refunded", 50.0, 50.0, at(2 * DAY)),
        ("T2", "refunded", 100.0, 0.0, at(DAY)),
        ("T3", "cancelled", 0.0, 0.0, None),
        ("T4", "placed", 0.0, 100.0, None),
    ]


def test_an_orders_lines_are_the_items_of_its_event_and_a_value_that_is_not_said_is_unknown() -> None:
    items = [{"product_id": "p1", "quantity": 2, "price": 10}, {"product_id": "p2", "price": 5}]
    built = alone(
        visit("u1", 0, "purchased", order_id="T1", items=items),
        visit("u2", HOUR, "purchased", order_id="T2", value=7),
        visit("u3", 2 * HOUR, "purchased", order_id="T3"),
        visit("u4", 3 * HOUR, "purchased", order_id="T4", value=9, currency="USD"),
        build=["staging.order_lines", "staging.orders"],
    )
    lines = "select order_id, product_id, quantity, cast(unit_price as double) from staging.order_lines order by 1, 2"
    assert rows(built, lines) == [("T1", "p1", 2, 10), ("T1", "p2", 1, 5), ("T2", None, 1, 7), ("T4", None, 1, 9)]
    values = "select order_id, cast(net_revenue as double), line_count from staging.orders order by 1"
    assert rows(built, values) == [("T1", 25, 2), ("T2", 7, 1), ("T3", None, 0), ("T4", None, 1)]


def test_an_order_belongs_to_who_sent_its_event_with_stitching_and_without() -> None:
    built = alone(
        visit("phone", 0, "product", "purchased", value=10),
        visit("laptop", HOUR, "product", "purchased", order_id="T1", value=10, customer_id="c1"),
        build=["metrics.stitching_effect"],
    )
    found = "select view, order_count, ordered_session_count, person_count from metrics.stitching_effect order by 1"
    assert rows(built, found) == [("with stitching", 2, 2, 2), ("without stitching", 2, 2, 3)]


def test_the_first_rule_says_which_event_is_a_purchase() -> None:
    shop = settings(
        touchpoints=[
            {"touchpoint": "test order", "event": "purchased", "url": "/test/%", "stage": "support"},
            {"touchpoint": "purchased", "event": "purchased", "stage": "purchase", "action": "purchase"},
            {"touchpoint": "thanks", "url": "/thanks", "stage": "purchase", "action": "purchase"},
            {"touchpoint": "product", "event": "product", "stage": "consideration"},
            {"touchpoint": "add", "event": "add", "stage": "cart"},
            {"touchpoint": "checkout", "event": "checkout", "stage": "checkout"},
        ]
    )
    built = alone(
        visit("u1", 0, "purchased", order_id="T1", url_path="/test/1"),
        visit("u2", 0, "purchased", order_id="T2", url_path="/"),
        visit("u3", 0, "page", order_id="T3", url_path="/thanks"),
        visit("u4", 0, "purchased", order_id="T4"),
        shop=shop,
        build=["staging.orders"],
    )
    assert rows(built, "select order_id from staging.orders order by 1") == [("T2",), ("T3",), ("T4",)]


def test_an_export_of_orders_is_believed_alone() -> None:
    built = warehouse(
        events=visit("u1", 0, "purchased", order_id="T1", value=10),
        order_rows=[order("#1", HOUR, customer_id="c1")],
        build=["metrics.cut_off", "staging.orders"],
    )
    assert rows(built, "select order_id from staging.orders") == [("#1",)]
    assert rows(built, "select has_orders_by_events from metrics.cut_off") == [(False,)]


def test_without_a_purchase_event_nobody_can_be_said_not_to_have_ordered() -> None:
    built = alone(visit("u1", 0, "landing", "product"), build=["metrics.kpi_attempts"])
    assert rows(built, "select count(*) from metrics.kpi_attempts where kpi = 'conversion'") == [(0,)]


@pytest.mark.fuzz
def test_loads_one_after_the_other_are_one_full_build_also_when_an_export_of_orders_comes() -> None:
    def clicks_of(number: int, *given: Row) -> File:
        return File("events", number, tuple({"event_id": f"{number}-{n}", **row} for n, row in enumerate(given)))

    files = [
        clicks_of(1, *visit("u1", 40 * DAY, "purchased", order_id="T1", value=59.9), *visit("u2", 0, "product")),
        clicks_of(2, *visit("u1", 0, "product", "purchased", order_id="T1", value=50), *visit("u3", 0, "purchased")),
        clicks_of(
            3, *visit("u1", 41 * DAY, "refund", order_id="T1", value=5), *visit("u9", 1, "purchased", order_id="T1")
        ),
        File("order_rows", 1, (order("#1", DAY, customer_id="c1"),)),
    ]
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as other_folder:
        shop, other = (canonical_project(Path(f), shop_settings()) for f in (folder, other_folder))
        with open_canonical(shop) as connection, open_canonical(other) as at_once:
            for file in files:
                load_files(connection, shop, [file])
                build_all(connection, shop)
            load_files(at_once, other, files)
            build_all(at_once, other)
            assert not difference(contents(connection), contents(at_once), [model.table for model in all_models(shop)])
