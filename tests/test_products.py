"""Products from view to order: by hand, and against a plain count over random shops."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from itertools import accumulate
from typing import Any

import duckdb
import pytest
from given import answer, at, event, examples, order, rows, warehouse
from hypothesis import HealthCheck, given
from hypothesis import settings as budget
from hypothesis import strategies as st

from parcours.project import ROOT

HOUR, DAY = 3600.0, 86400.0
HORIZON = 7 * DAY
PEOPLE = {
    "viewed_count": "first_viewed_at is not null",
    "viewed_matured_count": "view_state = 'matured'",
    "viewed_open_count": "view_state = 'open'",
    "viewed_uncovered_count": "view_state in ('uncovered', 'outage')",
    "added_after_view_count": "view_state = 'matured' and is_added_after_view",
    "ordered_after_view_count": "view_state = 'matured' and is_ordered_after_view",
    "added_count": "first_added_at is not null",
    "added_matured_count": "add_state = 'matured'",
    "added_open_count": "add_state = 'open'",
    "added_uncovered_count": "add_state in ('uncovered', 'outage')",
    "ordered_after_add_count": "add_state = 'matured' and is_ordered_after_add",
    "ordered_count": "first_ordered_at is not null",
}


def line(order_id: str, number: int, when: float, product: str | None, price: float | None, **more: Any) -> Any:
    """A line of an order; what is of the whole order stands on each."""
    row = order(order_id, when, product_id=product, product_name=product and f"A {product}", row_key=f"line {number}")
    return {**row, "unit_price": price, "subtotal": None, "total": None, **more}


def products(built: duckdb.DuckDBPyConnection, columns: str) -> dict[str, Any]:
    """Columns of each product."""
    return {name: tuple(rest) for name, *rest in rows(built, f"select product_id, {columns} from metrics.products")}


def assert_nothing_is_lost(built: duckdb.DuckDBPyConnection) -> None:
    """Sums over products are those of orders, lines and carts; a list of people is as long as its count."""
    assert rows(built, (ROOT / "sql" / "checks" / "products_add_up.sql").read_text(encoding="utf-8")) == []
    for count, who in PEOPLE.items():
        listed = dict(rows(built, f"select product_id, count(*) from metrics.product_people where {who} group by 1"))
        counted = {name: number for name, (number,) in products(built, count).items() if number}
        assert counted == listed, count
    # Carts' values added as the amounts that they are: of binary fractions -2 and 0.14 do not make -1.86.
    of_carts = "select cast(sum(cast(value as decimal(38, 4))) as double) from metrics.cart_states"
    left = rows(built, f"{of_carts} where state = 'abandoned' and value is not null")
    of_products = """
        select cast(sum(lines.value) as double) from journeys.cart_lines as lines
        join metrics.cart_states as states using (cart_id)
        where state = 'abandoned' and states.value is not null and coalesce(piece_count > 0, true)
    """
    assert rows(built, of_products) == left
    orders = dict(rows(built, "select product_id, count(*) from metrics.order_products group by 1"))
    assert {name: n for name, (n,) in products(built, "order_count").items() if n} == orders


@pytest.fixture(scope="module")
def shop() -> duckdb.DuckDBPyConnection:
    def act(who: str, when: float, name: str, product: str | None = "mug", **more: Any) -> Any:
        return event(who, when, name, customer_id=who, product_id=product, price=10, **more)

    both = [{"product_id": "mug"}, {"product_id": "bowl"}]
    events = [
        act("ann", 0, "product"), act("ann", HOUR, "add"), act("ann", HOUR, "add", "bowl"),
        act("ann", 2 * HOUR, "purchased", None, order_id="#1", items=both),
        act("bob", 0, "product"), act("bob", HORIZON, "purchased", order_id="#2"),
        act("cleo", 0, "product"), act("cleo", HORIZON + 1, "add"),  # a second too late
        act("dora", 0, "product", None, items=both),  # a list of products is the view of none
        act("ed", 0, "product", "bowl"), act("ed", 1, "add", "bowl"),
        act("ed", 5 * DAY, "purchased", "bowl", order_id="#3"),
        act("finn", 18 * DAY, "product"), act("finn", 18 * DAY + 1, "add"),
        act("gus", -DAY, "product"),
        act("hal", 0, "add", None),
    ]  # fmt: skip
    who = {"promised_on": "2026-01-08"}
    order_rows = [
        # 3 of 33 were refunded: 20 + 10 + 3 leave 18.18, 9.09 and 2.73.
        line("#1", 1, 2 * HOUR, "M-1", 20, customer_id="ann", delivered_at=at(DAY), refunded=3, total=33, **who),
        line("#1", 2, 2 * HOUR, "B-1", 10, customer_id="ann", delivered_at=at(DAY), refunded=3, total=33, **who),
        line("#1", 3, 2 * HOUR, None, 3, customer_id="ann", delivered_at=at(DAY), refunded=3, total=33, **who),
        line("#2", 1, HORIZON, "M-1", 20, customer_id="bob", delivered_at=at(9 * DAY), quantity=2, **who),
        line("#3", 1, 5 * DAY, "B-1", 10, customer_id="ed", cancelled_at=at(6 * DAY)),
        line("#4", 1, DAY, "lamp", 50, customer_id="cleo", sales_channel="till", returned_at=at(3 * DAY)),
        {**order("#5", DAY, value=7, customer_id="gus"), "quantity": None, "unit_price": None},
    ]
    feedback = [
        answer("a1", 3 * DAY, 2, order_id="#1"),
        answer("a2", 9 * DAY, 5, order_id="#2"),
        answer("a3", 9 * DAY, 5, order_id="#4"),
    ]
    return warehouse(
        events=events,
        order_rows=order_rows,
        feedback=feedback,
        build=["metrics.products"],
        known_until=at(20 * DAY),
        known_from={"events": at(-2 * DAY), "order_rows": at(0)},
    )


def test_lines_and_events_that_name_a_product_otherwise_are_brought_together(shop: duckdb.DuckDBPyConnection) -> None:
    found = rows(shop, "from metrics.product_aliases order by line_product_id")
    # Of #1 three products were bought, and its event names two: it tells nothing.
    assert found == [("B-1", "bowl", 1, 1), ("M-1", "mug", 1, 1)]
    assert products(shop, "product_name, line_product_ids")["mug"] == ("A M-1", ["M-1"])


def test_people_from_view_to_cart_to_order(shop: duckdb.DuckDBPyConnection) -> None:
    viewed = "viewed_count, viewed_matured_count, viewed_open_count, viewed_uncovered_count, added_after_view_count, "
    viewed += "ordered_after_view_count, added_count, added_matured_count, added_open_count, ordered_after_add_count"
    found = products(shop, viewed)
    # Viewed by ann, bob, cleo, finn (open) and gus (before orders are known); ordered by ann and bob, at its very end.
    assert found["mug"] == (5, 3, 1, 1, 1, 2, 3, 2, 1, 1)
    assert found["bowl"] == (1, 1, 0, 0, 1, 1, 2, 2, 0, 2)
    assert found["unknown"][6] == 1 and found["lamp"][:2] == (0, 0)
    rates = products(shop, "view_to_cart_rate, view_to_order_rate, cart_to_order_rate, view_to_cart_low, is_small")
    assert rates["mug"] == (pytest.approx(1 / 3), pytest.approx(2 / 3), 0.5, pytest.approx(0.06149, abs=1e-4), True)


def test_what_became_of_the_orders(shop: duckdb.DuckDBPyConnection) -> None:
    columns = "order_count, piece_count, net_revenue, cancelled_count, refunded_count, returned_count, "
    columns += "delivered_count, late_count, answer_count, satisfied_count, csat"
    found = products(shop, columns)
    assert found["mug"] == (2, 3.0, Decimal("58.18"), 0, 1, 0, 2, 1, 2, 1, 0.5)
    assert found["bowl"] == (2, 2.0, Decimal("9.09"), 1, 1, 0, 1, 0, 1, 0, 0.0)
    assert found["lamp"] == (1, 1.0, Decimal("50.00"), 0, 0, 1, 0, 0, 1, 1, 1.0)
    assert found["unknown"] == (2, 1.0, Decimal("9.73"), 0, 1, 0, 1, 0, 1, 0, 0.0)


def test_what_is_left_in_carts(shop: duckdb.DuckDBPyConnection) -> None:
    left = products(shop, "left_cart_count, left_piece_count, left_value")
    assert left["mug"] == (2, 2.0, Decimal("20.00")) and left["unknown"] == (1, 1.0, Decimal("10.00"))
    assert left["bowl"][:1] == (0,)


def test_nothing_of_the_shop_is_lost(shop: duckdb.DuckDBPyConnection) -> None:
    assert_nothing_is_lost(shop)


def test_products_whose_names_are_not_certain_stay_apart() -> None:
    """A bundle that two products' events name as often, and an id that the click-stream uses itself."""
    events = [
        event("a", 0, "purchased", order_id="#1", product_id="mug"),
        event("b", 0, "purchased", order_id="#2", product_id="bowl"),
        event("c", 0, "purchased", order_id="#3", product_id="pan"),
        event("d", 0, "product", product_id="lid"),
    ]
    order_rows = [
        line("#1", 1, 0, "SET", 1), line("#2", 1, 0, "SET", 1), line("#3", 1, 0, "lid", 1),
    ]  # fmt: skip
    built = warehouse(events=events, order_rows=order_rows, build=["metrics.product_aliases"])
    assert rows(built, "from metrics.product_aliases") == []


@dataclass
class Step:
    """A view, an add or a bought line, so many half-days after the start."""

    when: int
    name: str
    product: str | None
    quantity: int
    price: float | None


steps = st.builds(
    Step,
    st.integers(0, 40),
    st.sampled_from(["product", "add", "order", "till"]),
    st.sampled_from(["mug", "bowl", "lamp", None]),
    st.sampled_from([1, 2, -1]),
    st.sampled_from([10.0, 0.07, 3.33, 0.0, -1.0]),
)


@budget(max_examples=examples(3, 40), deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(st.lists(steps, max_size=10), min_size=5, max_size=12), st.integers(10, 40))
def test_equal_to_a_plain_count(people: list[list[Step]], known: int) -> None:
    events: list[Any] = []
    order_rows: list[Any] = []
    seen: dict[tuple[str, str], list[tuple[int, str]]] = defaultdict(list)
    for who, given_steps in enumerate(people):
        name = f"c{who}"
        for number, step in enumerate(step for step in given_steps if step.when <= known):
            half_day = step.when * DAY / 2
            if step.name in ("product", "add"):
                if step.product or step.name == "add":
                    seen[step.product or "unknown", name].append((step.when, step.name))
                more = {"product_id": step.product, "quantity": abs(step.quantity), "price": step.price}
                events.append(event(name, half_day, step.name, customer_id=name, **more))
                continue
            # Lines of one instant and place are one order.
            order_id = f"#{who}-{step.when}-{step.name}"
            seen[step.product or "unknown", name].append((step.when, step.name))
            more = {"customer_id": name, "quantity": step.quantity, "sales_channel": {"till": "till"}.get(step.name)}
            order_rows.append(line(order_id, number, half_day, step.product, step.price, **more))
    built = warehouse(events=events, order_rows=order_rows, build=["metrics.products"], known_until=at(known * DAY / 2))
    assert_nothing_is_lost(built)
    outages = rows(built, "from metrics.outage_days where outage = 'tracking'")
    found = products(built, ", ".join(PEOPLE))
    if not outages:
        assert {name: dict(zip(PEOPLE, counts, strict=True)) for name, counts in found.items()} == _counted(seen, known)
    _check_revenue(built, order_rows)


def _counted(seen: dict[tuple[str, str], list[tuple[int, str]]], known: int) -> dict[str, dict[str, int]]:
    """The people of each count, of each product."""
    counts: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(PEOPLE, 0))
    horizon = round(HORIZON / DAY * 2)
    for (product, _), acts in seen.items():
        counted = counts[product]
        viewed, added = _first(acts, "product"), _first(acts, "add")

        def within(since: int, *names: str, acts: list[tuple[int, str]] = acts) -> bool:
            return any(name in names and 0 <= when - since <= horizon for when, name in acts)

        if viewed is not None:
            matured = viewed + horizon <= known
            counted["viewed_count"] += 1
            counted["viewed_matured_count" if matured else "viewed_open_count"] += 1
            counted["added_after_view_count"] += matured and within(viewed, "add")
            counted["ordered_after_view_count"] += matured and within(viewed, "order")
        if added is not None:
            matured = added + horizon <= known
            counted["added_count"] += 1
            counted["added_matured_count" if matured else "added_open_count"] += 1
            counted["ordered_after_add_count"] += matured and within(added, "order")
        counted["ordered_count"] += any(name in ("order", "till") for _, name in acts)
    return dict(counts)


def _first(acts: list[tuple[int, str]], name: str) -> int | None:
    return min((when for when, done in acts if done == name), default=None)


def _check_revenue(built: duckdb.DuckDBPyConnection, order_rows: list[Any]) -> None:
    """A product has the order's net revenue by the share of its lines, to a cent a line; pieces exactly."""
    revenue = dict(rows(built, "select order_id, cast(net_revenue as double) from journeys.order_sessions"))
    lines: dict[str, list[Any]] = defaultdict(list)
    for row in order_rows:
        lines[row["order_id"]].append(row)
    wanted: dict[tuple[str, str], list[float]] = defaultdict(lambda: [0.0, 0.0])
    for order_id, bought in lines.items():
        worth: Callable[[Any], float] = lambda row: row["quantity"] * row["unit_price"]  # noqa: E731
        until = [*accumulate(worth(row) for row in sorted(bought, key=lambda row: str(row["row_key"])))]
        is_equal = max(map(abs, until)) >= 1000 * abs(round(until[-1], 4))
        for row in bought:
            share = 1 / len(bought) if is_equal else worth(row) / until[-1]
            cell = wanted[order_id, row["product_id"] or "unknown"]
            cell[0] += row["quantity"]
            cell[1] += share * revenue[order_id]
    found = rows(
        built, "select order_id, product_id, piece_count, cast(net_revenue as double) from metrics.order_products"
    )
    assert {(order_id, product): pieces for order_id, product, pieces, _ in found} == {
        key: pieces for key, (pieces, _) in wanted.items()
    }
    for order_id, product, _, net in found:
        assert net == pytest.approx(wanted[order_id, product][1], abs=0.0101 * len(lines[order_id])), order_id
