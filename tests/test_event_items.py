"""Events about several products keep all of them: as each format lists them, and in carts, values and friction."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from format_shops import built, reasons, shop_reading, shop_with
from given import event, order, rows, warehouse
from shops import load, query

GA4 = {"event_name": "add_to_cart", "event_timestamp": "1782900000000000", "user_pseudo_id": "b-1"}
SEGMENT = {"messageId": "m-1", "type": "track", "event": "Product Added", "anonymousId": "b-1"}
POSTHOG = {"uuid": "u-1", "event": "Product Added", "distinct_id": "b-1", "timestamp": "2026-07-01T10:00:00Z"}


def exported(format_name: str, *items: dict[str, Any] | None) -> str:
    """A line of an export: an event about these products, as the format writes them."""
    if format_name == "ga4_bigquery":
        names = {"product_id": "item_id", "name": "item_name"}
        listed = [item and {names.get(name, name): value for name, value in item.items()} for item in items]
        return json.dumps(GA4 | {"items": listed})
    if format_name == "segment":
        return json.dumps(SEGMENT | {"timestamp": "2026-07-01T10:00:00Z", "properties": {"products": items}})
    return json.dumps(POSTHOG | {"properties": json.dumps({"products": items})})


def listing(folder: Path, format_name: str, *items: dict[str, Any] | None) -> Any:
    """A shop that loaded one event about these products."""
    project = shop_reading(folder, format_name, refuse_above=1)
    (project.exports_folder / "one.jsonl").write_text(exported(format_name, *items) + "\n", encoding="utf-8")
    load(project)
    return project


JSON_FORMATS = pytest.mark.parametrize("format_name", ["ga4_bigquery", "segment", "posthog_events"])


@JSON_FORMATS
def test_each_product_of_an_event_is_an_item(tmp_path: Path, format_name: str) -> None:
    cup = {"product_id": "c-1", "name": "Cup", "quantity": 2, "price": 12.5}
    project = listing(tmp_path, format_name, cup, {"product_id": "p-1", "price": "3.00"}, None)
    items = "select position, item_count, product_id, product_name, quantity, cast(price as double) "
    assert built(project, f"{items} from staging.event_items order by position", ["staging.event_items"]) == [
        (1, 2, "c-1", "Cup", 2.0, 12.5),
        (2, 2, "p-1", None, None, 3.0),
    ]
    whole = "select product_id, products, quantity, price, value from staging.events"
    assert query(project, whole) == [(None, "c-1, p-1", 3.0, None, 28.0)]


@JSON_FORMATS
def test_an_event_with_one_product_is_about_that_product(tmp_path: Path, format_name: str) -> None:
    project = listing(tmp_path, format_name, {"product_id": "c-1", "quantity": 2, "price": 12.5})
    whole = "select product_id, products, quantity, cast(price as double) from staging.events"
    assert built(project, whole, ["staging.event_items"]) == [("c-1", None, 2.0, 12.5)]
    assert query(project, "select position, item_count, product_id, quantity from staging.event_items") == [
        (1, 1, "c-1", 2.0)
    ]


@pytest.mark.parametrize(
    ("item", "reason"),
    [
        ({"product_id": "c-1", "price": "1.2.3"}, "items.price is not an amount: 1.2.3"),
        ({"product_id": "c-1", "price": "1e13"}, "items.price is no amount up to 1,000,000,000,000: 1e13"),
        ({"product_id": "c-1", "quantity": "two"}, "items.quantity is not a number: two"),
        ({"product_id": "c-1", "quantity": "NaN"}, "items.quantity is not a number: NaN"),
        ({"product_id": "c-1", "quantity": -1}, "items.quantity is negative: -1"),
        ({"name": "n" * 10_001}, "items.product_name is longer than 10000 characters"),
        ({"product_id": "c\0"}, "items.product_id holds a NUL character"),
    ],
)
def test_an_item_that_is_none_rejects_its_event_by_name(tmp_path: Path, item: dict[str, Any], reason: str) -> None:
    project = listing(tmp_path, "ga4_bigquery", {"product_id": "p-1", "price": 3}, item)
    assert reasons(project) == [(1, reason)]


def test_what_the_texts_of_an_item_hide_is_what_columns_hide(tmp_path: Path) -> None:
    project = listing(
        tmp_path,
        "segment",
        {"product_id": "ann@example.com", "name": "Cup for ann@example.com, +33 6 12 34 56 78"},
        {"product_id": "c-1", "name": "Cup"},
    )
    ((items, products),) = built(
        project, "select items, products from staging.events", ["staging.events", "staging.event_items"]
    )
    assert [item["product_name"] for item in items] == ["Cup for [e-mail], [phone]", "Cup"]
    assert [len(item["product_id"]) for item in items] == [64, 3]
    assert "ann" not in products


def test_snowplow_products_in_two_currencies_are_no_event(tmp_path: Path) -> None:
    project = shop_with(tmp_path, "snowplow_enriched.tsv", refuse_above=1)
    file = project.exports_folder / "snowplow_enriched.tsv"
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    (bought,) = (line for line in lines if "transaction_id" in line and line.count('"price"') == 2)
    file.write_text(bought.replace('"currency":"EUR"', '"currency":"USD"', 1), encoding="utf-8")
    load(project)
    assert reasons(project) == [(1, "the products are priced in several currencies: EUR, USD")]


def listed(*items: tuple[Any, ...]) -> list[dict[str, Any]]:
    """Items of a product, its pieces and its price."""
    return [dict(zip(("product_id", "quantity", "price"), item, strict=False)) for item in items]


def carts(*events: Any, columns: str = "piece_count, line_count, cart_value, has_items") -> list[Any]:
    built = warehouse(events=events, build=["journeys.carts", "journeys.cart_contents"])
    return rows(built, f"select {columns} from journeys.carts")


def test_an_add_of_two_products_puts_both_into_the_cart_and_a_removal_names_both() -> None:
    added = event("d", 0, "add", items=listed(("mug", 2, 10), ("bowl", None, 2.5)))
    assert carts(added) == [(3.0, 2, 22.5, True)]
    removed = event("d", 1, "remove", items=listed(("mug", 1, 10), ("bowl", 1, 2.5)))
    assert carts(added, removed) == [(1.0, 1, 10.0, True)]
    assert carts(added, removed, event("d", 2, "remove", product_id="mug")) == [(0.0, 0, 0.0, False)]


def test_the_value_of_an_event_is_its_own_else_that_of_its_items() -> None:
    items = listed(("mug", 2, 10), ("bowl", 1, 2.5))
    events = [
        event("d", 0, "checkout", items=items, value=20, cart_id="k"),
        event("d", 1, "checkout", items=items, cart_id="k"),
        event("d", 2, "checkout", items=[*items, *listed(("gift", 1))], cart_id="k"),
    ]
    built = warehouse(events=events, build=["journeys.touchpoints"])
    found = rows(built, "select cast(value as double), quantity from journeys.touchpoints order by occurred_at")
    assert found == [(20.0, 3.0), (22.5, 3.0), (None, 4.0)]


def test_a_cart_with_something_of_unknown_price_has_no_known_value() -> None:
    added = event("d", 0, "add", items=listed(("mug", 1, 10), ("gift", 1)))
    assert carts(added) == [(2.0, 2, None, True)]
    alone = event("d", 0, "add", product_id="gift")
    assert carts(alone) == [(1.0, 1, None, True)]
    priced = event("d", 1, "add", product_id="gift", quantity=1, price=4)
    assert carts(added, priced) == [(3.0, 2, 18.0, True)]
    removed = event("d", 1, "remove", product_id="gift", quantity=1)
    assert carts(added, removed) == [(1.0, 1, 10.0, True)]
    left = [event("d", 0, "add", product_id="mug", price=10), event("d", 1, "add", product_id="gift")]
    assert carts(*left, columns="left_value, cart_value") == [(None, None)]


def test_the_same_product_twice_in_one_event_is_one_product() -> None:
    added = event("d", 0, "add", items=listed(("mug", 1, 10), ("mug", 2, 8)))
    assert carts(added) == [(3.0, 1, 24.0, True)]
    built = warehouse(events=[added], build=["journeys.touchpoints"])
    assert rows(built, "select product_id, products from journeys.touchpoints") == [("mug", "mug, mug")]


@pytest.mark.parametrize(("third", "signals"), [("bowl", 1), ("cup", 0)])
def test_three_times_the_same_products_is_a_rage_repeat_and_other_products_are_none(third: str, signals: int) -> None:
    pairs = [listed(("mug", 1, 10), (name, 1, 5)) for name in ("bowl", "bowl", third)]
    built = warehouse(
        events=[event("d", second, "add", items=items) for second, items in enumerate(pairs)],
        build=["journeys.friction_signals"],
    )
    found = rows(built, "select count(*) from journeys.friction_signals where signal = 'rage_repeat'")
    assert found == [(signals,)]


def test_a_purchase_event_without_a_value_is_compared_by_its_items() -> None:
    items = listed(("mug", 2, 10), ("bowl", 1, 2.5))
    events = [event("d", 0, "purchased", order_id=name, items=items) for name in ("#1", "#2")]
    built = warehouse(
        events=events,
        order_rows=[order("#1", 0, value=22.5), order("#2", 0, value=30)],
        build=["metrics.reconciliation"],
    )
    compared = "select matched_order_count, amount_difference_count, amount_difference from metrics.reconciliation"
    assert [tuple(map(float, row)) for row in rows(built, compared)] == [(2.0, 1.0, -7.5)]
