"""Carts: opened by the first add, closed by the orders export, abandoned after a silence, and the rates over them."""

from __future__ import annotations

from typing import Any

import pytest
from given import FAR, at, event, order, rows, warehouse
from hypothesis import HealthCheck, given, strategies
from hypothesis import settings as budget

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
HORIZON = 7 * DAY
WAYS = {
    1: "cart abandonment",
    2: "checkout abandonment",
    3: "abandoned / (abandoned + orders)",
    4: "1 − orders / sessions with a cart",
    5: "recovery (silent for 24 h, then ordered within the horizon)",
    6: "emptied by the person (in no rate)",
}


def act(when: float, name: str, **more: Any) -> Any:
    """An event of the customer `c`, of a product for 10."""
    return event(
        more.pop("device_id", "device"), when, name, customer_id="c", **{"product_id": "mug", "price": 10, **more}
    )


def carts(events: list[Any], ordered: list[float] = (), columns: str = "opened_at, order_id") -> list[Any]:
    """The carts of the customer `c`, in order."""
    orders = [order(f"#{i}", when, customer_id="c") for i, when in enumerate(ordered, 1)]
    built = warehouse(events=events, order_rows=orders, build=["journeys.carts"])
    return rows(built, f"select {columns} from journeys.carts order by opened_at, cart_id")


def ways(events: list[Any], ordered: list[float] = (), known_until: float | None = None) -> dict[int, tuple[Any, ...]]:
    """Numerator, denominator and open carts of each way to count, by its position."""
    orders = [order(f"#{i}", when, customer_id="c") for i, when in enumerate(ordered, 1)]
    built = warehouse(
        events=events,
        order_rows=orders,
        build=["metrics.cart_abandonment"],
        known_until=FAR if known_until is None else at(known_until),
    )
    query = "select position, numerator, denominator, open_count from metrics.cart_abandonment"
    return {position: counts for position, *counts in rows(built, query)}


def test_a_cart_opens_at_the_first_add_and_lives_across_sessions_and_devices() -> None:
    events = [
        act(0, "checkout"),  # before the first add: opens nothing
        act(HOUR, "add", device="mobile"),
        act(20 * DAY, "add", device_id="laptop", device="desktop", product_id="bowl", price=7.5),
        act(20 * DAY + MINUTE, "checkout", device_id="laptop"),
    ]
    columns = "opened_at, last_activity_at, piece_count, cart_value, device, level_reached, order_id"
    last = at(20 * DAY + MINUTE)
    assert carts(events, columns=columns) == [(at(HOUR), last, 2.0, 17.5, "mobile", "checkout", None)]


def test_the_orders_export_closes_a_cart_and_an_event_does_not() -> None:
    events = [act(0, "add"), act(MINUTE, "order completed", order_id="#1"), act(HOUR, "add")]
    assert carts(events) == [(at(0), None)]
    assert carts(events, [MINUTE]) == [(at(0), "#1"), (at(HOUR), None)]


def test_an_order_without_any_event_of_it_closes_the_cart() -> None:
    assert carts([act(0, "add")], [90 * DAY], "order_id, ordered_at, net_revenue") == [("#1", at(90 * DAY), 10)]


def test_an_order_belongs_to_the_last_cart_that_was_opened_before_it() -> None:
    events = [act(0, "add", cart_id="A"), act(HOUR, "add", cart_id="B"), act(2 * HOUR, "add", cart_id="A")]
    assert carts(events, [3 * HOUR, 5 * HOUR]) == [(at(0), None), (at(HOUR), "#1")]


def test_a_cart_with_an_id_opens_when_its_id_is_first_seen() -> None:
    events = [act(0, "checkout", cart_id="A"), act(HOUR, "add", cart_id="A"), act(2 * HOUR, "add", cart_id="B")]
    assert carts(events) == [(at(0), None), (at(2 * HOUR), None)]


def test_the_same_id_on_two_devices_is_one_cart() -> None:
    events = [act(0, "add", cart_id="A"), act(DAY, "add", cart_id="A", device_id="laptop")]
    assert carts(events, columns="piece_count, session_count") == [(2.0, 2)]


def test_what_comes_before_the_first_add_is_not_of_the_cart() -> None:
    events = [act(0, "checkout"), act(3 * DAY, "add"), act(3 * DAY + MINUTE, "add")]
    columns = "opened_at, checkout_at, silent_since, level_reached"
    assert carts(events, [3 * DAY + HOUR], columns) == [(at(3 * DAY), None, None, "cart")]


def test_thirty_days_of_silence_are_kept_and_more_begin_a_new_cart() -> None:
    events = [act(0, "add"), act(30 * DAY, "add"), act(60 * DAY + 1, "add")]
    assert carts(events) == [(at(0), None), (at(60 * DAY + 1), None)]


def test_an_emptied_cart_is_not_abandoned() -> None:
    emptied = [act(0, "add", quantity=2), act(HOUR, "remove", quantity=2)]
    assert carts(emptied, columns="is_emptied, piece_count, cart_value") == [(True, 0.0, 0.0)]
    found = ways(emptied)
    assert found[1][:2] == [0, 0]
    assert found[6][0] == 1


def test_value_and_pieces_are_of_what_is_left() -> None:
    events = [
        act(0, "add", quantity=3),
        act(1, "add", product_id="bowl", price=2.5),
        act(2, "remove", quantity=1),
        act(3, "remove", product_id="bowl", price=2.5),
    ]
    assert carts(events, columns="piece_count, cart_value, is_emptied") == [(2.0, 20.0, False)]


def test_an_events_value_is_of_all_its_pieces() -> None:
    events = [act(0, "add", quantity=3, price=10, value=30)]
    assert carts(events, columns="piece_count, cart_value") == [(3.0, 30.0)]


def test_what_comes_after_the_order_is_not_of_its_cart() -> None:
    events = [act(0, "add", cart_id="A"), act(2 * HOUR, "remove", cart_id="A")]
    assert carts(events, [HOUR], "piece_count, last_activity_at, is_emptied") == [(1.0, at(0), False)]


@pytest.mark.parametrize(
    ("times", "ordered", "silent_since"),
    [
        ([0, 23 * HOUR, 46 * HOUR], [], 46 * HOUR),
        ([0, 25 * HOUR], [], 0),
        ([0, 23 * HOUR], [40 * HOUR], None),
        ([0, 23 * HOUR], [50 * HOUR], 23 * HOUR),
    ],
)
def test_silent_since_the_first_activity_without_another_nor_an_order_for_a_day(
    times: list[float], ordered: list[float], silent_since: float | None
) -> None:
    found = carts([act(when, "add") for when in times], ordered, "silent_since")
    assert found == [(None if silent_since is None else at(silent_since),)]


def test_a_cart_is_abandoned_unless_ordered_within_the_horizon_of_its_opening() -> None:
    assert ways([act(0, "add")], [HORIZON])[1] == [0, 1, 0]
    assert ways([act(0, "add"), act(HORIZON, "checkout")], [HORIZON + 1])[1] == [1, 1, 0]


def test_a_cart_whose_horizon_has_not_ended_is_open_whatever_happened() -> None:
    assert ways([act(0, "add")], [HOUR], known_until=HORIZON - 1)[1] == [0, 0, 1]
    assert ways([act(0, "add")], [], known_until=HORIZON)[1] == [1, 1, 0]


def test_open_carts_are_in_none_of_the_other_rates_and_are_counted() -> None:
    events = [act(0, "add"), act(10 * DAY, "add", device_id="laptop")]
    found = ways(events, [HOUR, 10 * DAY + HOUR], known_until=10 * DAY + 2 * HOUR)
    assert found[1] == [0, 1, 1]
    assert found[3] == [0, 1, 1]
    assert found[4] == [0, 1, 1]  # the second session's order may still come for a day
    assert found[5] == [0, 0, 1]


def test_a_cart_that_was_empty_while_silent_was_not_abandoned() -> None:
    events = [act(0, "add"), act(MINUTE, "remove"), act(3 * DAY, "add")]
    assert ways(events, [3 * DAY + HOUR])[5][:2] == [0, 0]


def test_emptying_a_cart_after_its_horizon_does_not_change_the_matured_figure() -> None:
    events = [act(0, "add")]
    assert ways(events, known_until=9 * DAY)[1] == [1, 1, 0]
    assert ways([*events, act(20 * DAY, "remove")], known_until=21 * DAY)[1] == [1, 1, 0]


steps = strategies.lists(
    strategies.tuples(
        strategies.one_of(strategies.integers(0, 60), strategies.integers(0, 500)).map(lambda n: n * 5 * HOUR + 60),
        strategies.sampled_from(["add", "add", "remove", "checkout", "product"]),
        strategies.sampled_from(["mug", "bowl"]),
        strategies.integers(1, 3),
    ),
    max_size=10,
    unique_by=lambda row: row[0],
)
orders_of_one = strategies.lists(strategies.integers(0, 500).map(lambda n: n * 5 * HOUR + 300), max_size=3, unique=True)
shoppers = strategies.lists(
    strategies.tuples(steps, orders_of_one, strategies.sampled_from([None, "ids"])), min_size=1, max_size=15
)
PRICES = {"mug": 10.0, "bowl": 2.5}


@budget(max_examples=7, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(shoppers, strategies.integers(0, 120))
def test_equal_to_walking_through_each_persons_cart(people: list[Any], known_days: int) -> None:
    known = known_days * DAY
    events, orders, wanted = [], [], []
    for who, (seen, everything_bought, with_ids) in enumerate(people):
        bought = sorted(when for when in everything_bought if when <= known)
        walk = []
        for when, name, product, quantity in sorted(row for row in seen if row[0] <= known):
            # With ids: every id is seen first by an add; the shop gives a new one each five days.
            cart_id = f"{who}/{int(when // (5 * DAY))}" if with_ids else None
            if cart_id and name != "add" and not any(row[4] == cart_id and row[1] == "add" for row in walk):
                name = "add"
            walk.append((when, name, product, quantity, cart_id))
        events += [
            event(
                f"d{who}",
                when,
                name,
                customer_id=f"c{who}",
                product_id=product,
                quantity=n,
                price=PRICES[product],
                cart_id=i,
            )
            for when, name, product, n, i in walk
        ]
        orders += [order(f"#{who}-{i}", when, customer_id=f"c{who}") for i, when in enumerate(bought)]
        wanted += _carts([row for row in walk if row[1] != "product"], bought)
    built = warehouse(
        events=events,
        order_rows=orders,
        build=["metrics.cart_abandonment", "metrics.kpis"],
        known_until=at(known),
    )
    found = rows(
        built,
        "select opened_at, ordered_at, last_activity_at, checkout_at, silent_since, piece_count, cart_value "
        "from journeys.carts",
    )
    key = str
    assert sorted(found, key=key) == sorted(
        (
            (
                at(cart["opened"]),
                *(None if cart[k] is None else at(cart[k]) for k in ("ordered", "last", "checkout", "silent")),
                cart["pieces"],
                cart["value"],
            )
            for cart in wanted
        ),
        key=key,
    )

    kept = [cart for cart in wanted if not cart["emptied"]]
    matured = [cart for cart in kept if cart["opened"] + HORIZON <= known]
    lost = [cart for cart in matured if not _is_ordered(cart)]
    query = "select numerator, denominator, open_count from metrics.cart_abandonment where position = "
    if not rows(built, "from metrics.outage_days where outage = 'tracking'"):
        assert rows(built, f"{query} 1") == [(len(lost), len(matured), len(kept) - len(matured))]
        paid = [cart for cart in matured if cart["checkout"] is not None]
        still = [cart for cart in kept if cart["checkout"] is not None and cart not in matured]
        lost_there = [cart for cart in paid if not _is_ordered(cart)]
        assert rows(built, f"{query} 2") == [(len(lost_there), len(paid), len(still))]
        headline = "select numerator, denominator from metrics.kpis where kpi = 'cart_abandonment' and period = 'all'"
        assert rows(built, headline) == ([(len(lost), len(matured))] if matured else [])
        assert rows(built, f"{query} 6") == [(len(wanted) - len(kept), None, 0)]
    assert dict(rows(built, "select position, way from metrics.cart_abandonment")) == WAYS


def _is_ordered(cart: dict[str, Any]) -> bool:
    return cart["ordered"] is not None and cart["ordered"] - cart["opened"] <= HORIZON


def _carts(activity: list[Any], orders: list[float]) -> list[dict[str, Any]]:
    """The slow, obvious form: one activity at a time into a cart; then one order at a time to the last cart opened."""
    found: dict[Any, list[Any]] = {}
    current: list[Any] | None = None
    for row in activity:
        when, name, _, _, cart_id = row
        if cart_id is not None:
            found.setdefault(cart_id, []).append(row)
            continue
        if current is not None:
            since = max([current[-1][0], *(t for t in orders if t < when)])
            if when - since > 30 * DAY or any(current[-1][0] <= t < when for t in orders):
                current = None
        if current is None and name != "add":
            continue
        if current is None:
            current = found.setdefault(("open", when), [])
        current.append(row)
    lists = [rows_of for rows_of in found.values() if any(name == "add" for _, name, *_ in rows_of)]
    carts = [{"rows": rows_of, "opened": next(t for t, name, *_ in rows_of if name == "add")} for rows_of in lists]
    for cart in carts:
        cart["ordered"] = None
    for when in orders:
        before = [cart for cart in carts if cart["opened"] <= when]
        if before:
            last = max(before, key=lambda cart: cart["opened"])
            last["ordered"] = when if last["ordered"] is None else last["ordered"]
    for cart in carts:
        cart |= _contents(
            [row for row in cart["rows"] if cart["ordered"] is None or row[0] <= cart["ordered"]], cart["ordered"]
        )
        soon = [row for row in cart["rows"] if row[0] - cart["opened"] <= HORIZON]
        cart["emptied"] = not _is_ordered(cart) and _contents(soon, None)["pieces"] == 0
    return carts


def _contents(activity: list[Any], ordered: float | None) -> dict[str, Any]:
    """What is left in a cart, and where it first was silent for a day."""
    pieces = dict.fromkeys(PRICES, 0.0)
    for _, name, product, quantity, _ in activity:
        pieces[product] += {"add": quantity, "remove": -quantity}.get(name, 0)
    left = {product: max(count, 0.0) for product, count in pieces.items()}
    whens = [row[0] for row in activity]
    following = [*whens[1:], ordered]
    silences = [t for t, after in zip(whens, following, strict=True) if after is None or after - t > DAY]
    return {
        "last": whens[-1],
        "checkout": min((row[0] for row in activity if row[1] == "checkout"), default=None),
        "silent": min(silences, default=None),
        "pieces": sum(left.values()),
        "value": sum(count * PRICES[product] for product, count in left.items()),
    }
