"""What is an order: a state for each by its format and journey.yaml, and no figure that counts what was none."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from format_shops import built, reasons, shop_reading
from given import at, event, order, rows, settings, warehouse
from pydantic import ValidationError
from shops import load

from parcours.settings.schema import JourneySettings

HOUR, DAY = 3600, 86400
STATES = "select order_id, state, is_order from staging.exported_orders order by order_id"


def states(*given: dict[str, Any], **orders: Any) -> list[tuple[Any, ...]]:
    """Number, state and whether it is an order, of order rows under these settings."""
    made = [{**order(f"{number}", number), **row} for number, row in enumerate(given, 1)]
    connection = warehouse(order_rows=made, shop=settings(orders=orders), build=["staging.exported_orders"])
    return rows(connection, STATES)


def test_a_status_means_what_the_setting_says_else_the_format_else_its_own_name() -> None:
    given = (
        {"status": "Wait-listed", "state": "paid"},  # the setting wins over the format
        {"status": "anything", "state": "expired"},
        {"status": "Partially Refunded"},
        {"status": "VOIDED"},
        {"status": "Test"},
        {"status": "half done"},
        {"status": None, "paid_at": at(0)},
        {"status": "failed", "cancelled_at": at(DAY)},  # never an order: nothing to cancel
        {"status": "paid", "cancelled_at": at(DAY)},
        {"status": "placed", "returned_at": at(DAY)},
    )
    assert states(*given, states={"wait_listed": "draft"}) == [
        ("1", "draft", False),
        ("10", "returned", True),
        ("2", "expired", False),
        ("3", "partly_refunded", True),
        ("4", "cancelled", True),
        ("5", "test", False),
        ("6", "placed", True),
        ("7", "paid", True),
        ("8", "failed", False),
        ("9", "cancelled", True),
    ]


@pytest.mark.parametrize(("pending", "counted"), [(None, (True, False)), (True, (True, True)), (False, (False, False))])
def test_what_waits_for_payment_is_an_order_by_the_setting_else_as_its_format_means_it(
    pending: bool | None, counted: tuple[bool, bool]
) -> None:
    found = states({"state": "pending"}, {"state": "unpaid"}, pending=pending)
    assert found == [("1", "pending", counted[0]), ("2", "pending", counted[1])]


def test_a_status_may_stand_once_and_means_a_state_that_there_is() -> None:
    for wrong in ({"On hold": "paid", "on-hold": "failed"}, {"on-hold": "sold"}):
        with pytest.raises(ValidationError):
            settings(orders={"states": wrong})


def test_what_was_never_an_order_is_in_no_figure_and_is_counted_beside_them() -> None:
    """Ann's payment fails, her second try succeeds; Bob's fails, Cem's was a test; Dia buys and cancels; Eve looks."""
    visits = [
        event(who, start * HOUR + step * 60, name, customer_id=who, product_id="mug", price="10")
        for start, who in enumerate("abcde")
        for step, name in enumerate(("product", "add", "checkout") if who != "e" else ("product",))
    ]
    tries = [
        order("#1", 5 * 60, customer_id="a", status="failed"),
        order("#2", 8 * 60, customer_id="a", status="paid"),
        order("#3", HOUR + 5 * 60, customer_id="b", state="failed", status="Échouée"),
        order("#4", 2 * HOUR + 5 * 60, customer_id="c", state="test", status="paid", payment_method="bogus"),
        order("#5", 3 * HOUR + 5 * 60, customer_id="d", status="canceled"),
        order("#6", 400 * DAY, customer_id="z", status="odd"),
        order("#7", 400 * DAY, customer_id="y", status="draft", value=99),
    ]
    visits += [event("b", HOUR + 5 * 60 + 1, "purchased", customer_id="b", order_id="#3", value="10")]
    shop: JourneySettings = settings(
        funnels=[{"id": "buy", "name": "Buy", "steps": [{"touchpoint": "add"}, {"touchpoint": ["order placed"]}]}]
    )
    connection = warehouse(events=visits, order_rows=tries, shop=shop)
    counted = rows(connection, "select state, is_counted, order_count, total from metrics.order_states order by state")
    assert [(state, is_counted, count, float(total)) for state, is_counted, count, total in counted] == [
        ("cancelled", True, 1, 10.0),
        ("draft", False, 1, 99.0),
        ("failed", False, 2, 20.0),
        ("paid", True, 1, 10.0),
        ("placed", True, 1, 10.0),
        ("test", False, 1, 10.0),
    ]
    ways = dict(rows(connection, "select way, (numerator, denominator) from metrics.conversion"))
    assert ways["sessions with an order / sessions"] == (2, 5)
    assert ways["sessions with an order neither cancelled nor fully refunded / sessions"] == (1, 5)
    assert rows(
        connection, "select numerator, denominator from metrics.cart_abandonment order by position limit 1"
    ) == [(2, 4)]
    assert rows(connection, "select reached_count from metrics.funnel_steps order by step_number") == [(4,), (2,)]
    retained = "select count(*), count(*) filter (is_converted) from metrics.kpi_attempts where kpi = 'retention'"
    assert rows(connection, retained) == [(3, 0)]  # Ann's second try is her first order
    assert rows(connection, "select sum(order_count) from metrics.reconciliation") == [(3,)]
    for table, column in (
        ("journeys.touchpoints", "order_id"),
        ("journeys.order_sessions", "order_id"),
        ("journeys.record_owners", "row_id"),
        ("staging.order_lines", "order_id"),
        ("journeys.carts", "order_id"),
    ):
        assert rows(connection, f"select {column} from {table} where {column} in ('#1', '#3', '#4', '#7')") == [], table
    people = rows(connection, "select count(*) from journeys.people")
    assert people == [(6,)]  # the five who visited, and z: whoever was a draft is nobody
    unknown = rows(
        connection, "select order_id, unknown_status from staging.exported_orders where unknown_status <> ''"
    )
    assert unknown == [("#6", "odd")]


SHOPIFY = "Name,Financial Status,Created at,Cancelled at,Payment Method,Lineitem quantity,Lineitem name,"
SHOPIFY += "Lineitem price,Total\n"
WOOCOMMERCE = "Order Number,Order Status,Order Date,Item Name,Quantity,Item Cost\n"


def test_the_statuses_of_shopify(tmp_path: Path) -> None:
    placed = "2026-07-01 10:00:00 +0200"
    given = ["authorized", "pending", "paid", "partially_paid", "partially_refunded", "refunded", "voided"]
    given += ["expired", "on_tick"]
    text = SHOPIFY + "".join(f"#{n},{status},{placed},,Card,1,Cup,10,10\n" for n, status in enumerate(given, 1))
    text += f"#A,paid,{placed},,bogus,1,Cup,10,10\n#B,paid,{placed},2026-07-02 10:00:00 +0200,Card,1,Cup,10,10\n"
    project = shop_reading(tmp_path, "shopify_orders")
    (project.exports_folder / "o.csv").write_text(text, encoding="utf-8")
    load(project)
    assert reasons(project) == []
    assert built(project, STATES, ["staging.exported_orders"]) == [
        ("#1", "placed", True),
        ("#2", "pending", True),
        ("#3", "paid", True),
        ("#4", "placed", True),
        ("#5", "partly_refunded", True),
        ("#6", "refunded", True),
        ("#7", "cancelled", True),
        ("#8", "expired", False),
        ("#9", "placed", True),
        ("#A", "test", False),
        ("#B", "cancelled", True),
    ]
    assert built(project, "select unknown_status from staging.exported_orders where unknown_status is not null") == [
        ("on_tick",)
    ]


def test_the_statuses_of_woocommerce(tmp_path: Path) -> None:
    expected = {
        "Processing": ("paid", True),
        "wc-completed": ("paid", True),
        "On hold": ("placed", True),
        "Pending payment": ("pending", False),
        "wc-pending": ("pending", False),
        "Cancelled": ("cancelled", True),
        "refunded": ("refunded", True),
        "Failed": ("failed", False),
        "wc-checkout-draft": ("draft", False),
        "trash": ("trash", False),
        "wc-shipped-abroad": ("placed", True),
        "Échouée": ("placed", True),
    }
    text = "".join(f"{n},{status},2026-07-01 10:00,Cup,1,10\n" for n, status in enumerate(expected, 11))
    project = shop_reading(tmp_path, "woocommerce_orders")
    (project.exports_folder / "o.csv").write_text(WOOCOMMERCE + text, encoding="utf-8")
    load(project)
    assert reasons(project) == []
    assert built(project, STATES, ["staging.exported_orders"]) == [
        (f"{n}", *state) for n, state in enumerate(expected.values(), 11)
    ]
    unknown = "select unknown_status from staging.exported_orders where unknown_status is not null order by 1"
    assert built(project, unknown) == [("shipped-abroad",), ("échouée",)]


def test_an_order_refunded_without_an_amount_is_refunded_whole() -> None:
    given = [order("1", 0, status="refunded"), order("2", 0, status="partially_refunded"), order("3", 0, refunded=4)]
    connection = warehouse(order_rows=given, build=["staging.orders"])
    found = rows(
        connection,
        "select state, cast(refunded as double), cast(net_revenue as double) from staging.orders order by order_id",
    )
    assert found == [("refunded", 10.0, 0.0), ("partly_refunded", 0.0, 10.0), ("partly_refunded", 4.0, 6.0)]
