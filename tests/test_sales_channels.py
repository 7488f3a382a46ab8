"""Where orders were placed: web figures are about web orders, the others are their person's; why some have no event."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from format_shops import built, reasons, shop_reading
from given import at, event, order, rows, settings, warehouse
from shops import load

MINUTE, HOUR, DAY = 60, 3600, 86400
CHANNELS = "select order_id, sales_channel, is_web from staging.exported_orders order by order_id"


def visit(who: str, start: float, *names: str, **more: Any) -> list[Any]:
    """Events a minute apart of somebody who is logged in."""
    details = {"customer_id": who, "product_id": "mug", "price": "40"} | more
    return [event(f"device {who}", start + step * MINUTE, name, **details) for step, name in enumerate(names)]


def test_till_orders_are_in_no_web_figure_and_are_their_persons() -> None:
    """Ann looks on the web and buys at the till; Bob buys on the web, and comes back to the till; others only there."""
    events = visit("a", 0, "product", "add") + visit("b", 0, "product", "add", "checkout")
    events += visit("b", 5 * MINUTE, "purchased", order_id="#2", value="40") + visit("z", 50 * DAY, "product")
    till = {"sales_channel": "till", "value": 40}
    orders = [
        order("#1", 6 * HOUR, customer_id="a", **till),
        order("#2", 5 * MINUTE, customer_id="b", sales_channel="web", value=40),
        order("#3", 3 * DAY, customer_id="b", **till),
        *(order(f"#1{n}", n * HOUR, customer_id=f"till {n}", **till) for n in range(2, 8)),
    ]
    shop = settings(
        measures={"retention_days": 30},
        touchpoints=[
            {"touchpoint": "product", "event": "product", "stage": "consideration", "action": "view"},
            {"touchpoint": "add", "event": "add", "stage": "cart", "action": "add_to_cart"},
            {"touchpoint": "checkout", "event": "checkout", "stage": "checkout", "action": "checkout"},
            {"touchpoint": "purchased", "event": "purchased", "stage": "purchase", "action": "purchase"},
            {"touchpoint": "order placed", "source": "orders", "event": "order placed", "stage": "purchase"},
        ],
    )
    connection = warehouse(events=events, order_rows=orders, shop=shop, known_until=at(50 * DAY))
    ways = dict(rows(connection, "select way, (numerator, denominator) from metrics.conversion"))
    assert ways["sessions with an order / sessions"] == (1, 2)
    assert ways["persons who ordered / persons who visited"] == (1, 2)
    abandonment = dict(rows(connection, "select way, (numerator, denominator) from metrics.cart_abandonment"))
    assert abandonment["cart abandonment"] == (1, 2)
    assert abandonment["abandoned / (abandoned + orders)"] == (1, 2)
    compared = (
        "select sum(order_count), sum(matched_order_count), sum(events_without_order_count) from metrics.reconciliation"
    )
    assert rows(connection, compared) == [(1, 1, 0)]
    causes = "select cause, order_count, order_share from metrics.unmatched_causes"
    assert rows(connection, causes) == [("other channel", 8, 1.0)]
    channels = "select sales_channel, is_web, order_count, cast(net_revenue as double) from metrics.sales_channels"
    assert sorted(rows(connection, channels)) == [("till", False, 8, 320.0), ("web", True, 1, 40.0)]
    kpis = (
        "select kpi, count(*), count(*) filter (is_converted) from metrics.kpi_attempts where is_matured group by kpi"
    )
    counted = {kpi: counts for kpi, *counts in rows(connection, kpis)}
    assert counted["retention"] == [8, 1]  # Bob came back, to the till
    assert counted["net_order_value"][0] == 9
    assert counted["conversion"] == [2, 1]
    placed = (
        "select channel, count(*) from journeys.touchpoints where event_name = 'order placed' group by 1 order by 1"
    )
    assert rows(connection, placed) == [("order", 1), ("store", 8)]
    variants = "select order_count from metrics.stitching_effect order by view"
    assert rows(connection, variants) == [(9,), (9,)]
    assert rows(connection, "select converted_session_count from metrics.stitching_effect") == [(1,), (1,)]
    screened = "select value_without from metrics.screening where figure = 'conversion'"
    assert rows(connection, screened) == [(0.5,)]
    assert rows(connection, "select count(*) from metrics.outage_days") == [(0,)]


def test_each_order_without_an_event_has_one_cause_and_the_shares_add_up() -> None:
    calm = [
        one for day in range(1, 30) for one in visit(f"d{day}", day * DAY, "product", "product", "product", "product")
    ]
    events = [
        *(one for one in calm if not 10 * DAY <= (one["occurred_at"] - at(0)).total_seconds() < 11 * DAY),
        *visit("paid elsewhere", 5 * DAY, "add", "checkout"),
        *visit("was seen", 6 * DAY, "add", "checkout", "product", "product"),
        *visit("told", 7 * DAY, "add", "checkout", "purchased", order_id="#told", value="10"),
    ]
    orders = [
        order("#till", 5 * DAY, customer_id="t", sales_channel="till"),
        order("#early", 0, customer_id="e"),
        order("#late", 40 * DAY, customer_id="l"),
        *(order(f"#down {n}", 10 * DAY + n, customer_id=f"o{n}") for n in range(2)),
        order("#nobody", 6 * DAY),
        order("#unseen", 6 * DAY, customer_id="somebody"),
        order("#redirect", 5 * DAY + 3 * MINUTE, customer_id="paid elsewhere"),
        order("#unknown", 6 * DAY + 2 * MINUTE, customer_id="was seen"),
        order("#told", 7 * DAY + 2 * MINUTE, customer_id="told"),
        order("#failed", 7 * DAY, customer_id="told", status="failed"),
    ]
    connection = warehouse(events=events, order_rows=orders, known_until=at(30 * DAY))
    found = dict(rows(connection, "select order_id, cause from metrics.unmatched_orders"))
    assert found == {
        "#till": "other channel",
        "#early": "beyond the cut-off",
        "#late": "beyond the cut-off",
        "#down 0": "outage",
        "#down 1": "outage",
        "#nobody": "device never seen",
        "#unseen": "device never seen",
        "#redirect": "payment redirect",
        "#unknown": "unknown",
    }
    [(shares, count)] = rows(connection, "select sum(order_share), sum(order_count) from metrics.unmatched_causes")
    assert (round(shares, 9), count) == (1.0, 9)
    [(without, compared)] = rows(
        connection, "select sum(orders_without_event_count), sum(order_count) from metrics.reconciliation"
    )
    others = [cause for cause in found.values() if cause not in ("other channel", "beyond the cut-off")]
    assert (without, compared) == (len(others), len(others) + 1)


@pytest.mark.parametrize(
    ("given", "orders", "expected"),
    [
        ({"sales_channel": "till"}, {}, ("till", False)),
        ({"sales_channel": "till"}, {"web_channels": ["web", "till"]}, ("till", True)),
        ({"sold_through": "Phone"}, {}, ("phone", False)),
        ({"sold_through": "kiosk 7"}, {}, ("other", False)),
        ({"sold_through": "Kiosk 7"}, {"channels": {"kiosk_7": "web"}}, ("web", True)),
        ({"sold_through": "pos", "sales_channel": "till"}, {"channels": {"pos": "phone"}}, ("phone", False)),
        ({}, {"web_channels": []}, (None, True)),
    ],
)
def test_where_an_order_was_placed(given: dict[str, Any], orders: dict[str, Any], expected: tuple[Any, bool]) -> None:
    connection = warehouse(
        order_rows=[order("#1", 0, **given)], shop=settings(orders=orders), build=["staging.exported_orders"]
    )
    assert rows(connection, CHANNELS) == [("#1", *expected)]


def test_the_channels_of_shopify_and_woocommerce(tmp_path: Path) -> None:
    header = "Name,Created at,Source,Lineitem quantity,Lineitem name,Lineitem price\n"
    sources = ["web", "pos", "shopify_draft_order", "subscription_contract", "3890849", "987654", ""]
    text = header + "".join(f"#{n},2026-07-01 10:00:00 +0200,{source},1,Cup,10\n" for n, source in enumerate(sources))
    project = shop_reading(tmp_path / "shopify", "shopify_orders")
    (project.exports_folder / "o.csv").write_text(text, encoding="utf-8")
    load(project)
    assert reasons(project) == []
    assert built(project, CHANNELS, ["staging.exported_orders"]) == [
        ("#0", "web", True),
        ("#1", "till", False),
        ("#2", "draft", False),
        ("#3", "subscription", False),
        ("#4", "marketplace", False),
        ("#5", "other", False),
        ("#6", None, True),
    ]
    header = "Order Number,Order Status,Order Date,Created Via,Quantity,Item Cost\n"
    sources = ["checkout", "store-api", "admin", "pos-rest-api", "subscription", "rest-api", ""]
    text = header + "".join(f"{n},Completed,2026-07-01 10:00,{source},1,10\n" for n, source in enumerate(sources))
    project = shop_reading(tmp_path / "woo", "woocommerce_orders")
    (project.exports_folder / "o.csv").write_text(text, encoding="utf-8")
    load(project)
    assert built(project, CHANNELS, ["staging.exported_orders"]) == [
        ("0", "web", True),
        ("1", "web", True),
        ("2", "draft", False),
        ("3", "till", False),
        ("4", "subscription", False),
        ("5", "other", False),
        ("6", None, True),
    ]
    unknown = "select unknown_channel from staging.exported_orders where unknown_channel is not null"
    assert built(project, unknown) == [("rest-api",)]
