"""What an order is worth, with discounts, returns and refunds written as shops write them."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from format_shops import built, reasons, shop_reading
from given import at, order, rows, warehouse
from shops import load

AMOUNTS = "select total, goods, refunded, net_revenue, is_fully_refunded from staging.orders"


def line(number: int, quantity: float, unit_price: float, **more: Any) -> dict[str, Any]:
    """A line of an order of which nothing else is known."""
    return {"order_id": "#1", "row_key": f"line {number}", "ordered_at": at(0), "quantity": quantity} | {
        "unit_price": unit_price,
        **more,
    }


@pytest.mark.parametrize(
    ("lines", "net_revenue"),
    [
        ([line(1, 2, 10), line(2, 1, -5)], "15.00"),  # a discount
        ([line(1, 2, 10), line(2, -1, 10)], "10.00"),  # a return
        ([line(1, -1, 10)], "-10.00"),  # an order of a return alone
        ([line(1, 2, 10, total=20, refunded=-5)], "15.00"),  # a refund, with a minus
        ([line(1, 2, 10, total=20, refunded=5)], "15.00"),
        ([line(1, 2, 10, total=20, refunded=-50)], "0.00"),  # never more than all
        ([line(1, 1, -10, total=-10, refunded=5)], "-10.00"),  # nothing was paid that could be refunded
        ([line(1, 1, 20, total=20, tax=5)], "15.00"),
        ([line(1, -1, 20, total=-20, tax=-5)], "-15.00"),
        ([line(1, 1, 20, total=20, tax=999_999_999)], "20.00"),  # no tax is more than all
        ([line(1, 0.333333, 30), line(2, 1, 0.01)], "10.01"),
    ],
)
def test_net_revenue_of_lines_below_zero_and_of_refunds_with_either_sign(
    lines: list[dict[str, Any]], net_revenue: str
) -> None:
    connection = warehouse(order_rows=lines, build=["staging.orders"])
    assert rows(connection, "select net_revenue from staging.orders") == [(Decimal(net_revenue),)]


def test_a_refund_of_all_with_a_minus_is_one_of_all() -> None:
    connection = warehouse(order_rows=[order("#1", 0, value=20, refunded=-20)], build=["staging.orders"])
    amounts = (Decimal(20), Decimal(20), Decimal(20), Decimal(0), True)
    assert rows(connection, AMOUNTS) == [amounts]


def test_the_greatest_amounts_of_one_person_and_order_add_up_in_every_table() -> None:
    most = {"quantity": 1_000_000, "unit_price": 999_999_999_999.9999}
    lines = [line(number, **most, customer_id="c", shipping=999_999_999_999) for number in range(3000)]
    orders = [{**line(1, **most), "order_id": f"#{n}", "customer_id": "c", "paid_amount": 1e12 - 1} for n in range(100)]
    adds = [
        {"event_id": f"e{n}", "customer_id": "c", "occurred_at": at(n), "event_name": "add", "product_id": "p"}
        | {"quantity": 1_000_000 if n % 2 else 0.0001, "value": 999_999_999_999.9999, "cart_id": f"c{n % 3}"}
        for n in range(300)
    ]
    connection = warehouse(order_rows=lines + orders, events=adds)
    # 3,000 lines of 10^18, and 99 more orders of one.
    assert rows(connection, "select sum(net_revenue) > 3.09e21 from staging.orders") == [(True,)]
    assert rows(connection, "select average_order_value > 3e19 from metrics.order_value") == [(True,)]


def test_a_shopify_discount_line_and_a_refund_below_zero_are_loaded(tmp_path: Path) -> None:
    header = "Name,Created at,Lineitem quantity,Lineitem name,Lineitem price,Subtotal,Total,Refunded Amount,Currency\n"
    placed = "2026-07-01 10:00:00 +0200"
    text = f"#1,{placed},2,Cup,10,15,15,,EUR\n#1,{placed},1,Summer,-5,,,,EUR\n#2,{placed},1,Cup,10,10,10,-5,EUR\n"
    project = shop_reading(tmp_path, "shopify_orders")
    (project.exports_folder / "o.csv").write_text(header + text, encoding="utf-8")
    load(project)
    assert reasons(project) == []
    assert built(project, "select order_id, net_revenue from staging.orders order by 1", ["staging.orders"]) == [
        ("#1", Decimal(15)),
        ("#2", Decimal(5)),
    ]


def test_a_price_of_many_digits_loads_in_a_currency_that_has_them(tmp_path: Path) -> None:
    event = '{"messageId": "%s", "type": "track", "event": "page", "anonymousId": "a", "timestamp": "2026-07-01T10:00Z"'
    event += ', "properties": {"product_id": "p", "quantity": 1, "price": %s}, "context": {"page": {"path": "%s"}}}\n'
    project = shop_reading(tmp_path, "segment")
    lines = (("1", "129990000", "/#/laptops/1"), ("2", "10000000000", "/a#b"), ("3", "-5", "#"), ("4", "5e13", "/a"))
    (project.exports_folder / "e.jsonl").write_text("".join(event % values for values in lines), encoding="utf-8")
    load(project)
    assert built(project, "select price, url_path from staging.events order by event_id", ["staging.events"]) == [
        (Decimal(129_990_000), "/"),
        (Decimal(10_000_000_000), "/a"),
        (Decimal(-5), None),
    ]
    assert reasons(project) == [(4, "price is no amount up to 1,000,000,000,000: 50000000000000.0000")]
