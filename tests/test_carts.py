"""Carts: opened by the first add, closed by the orders export, abandoned after a silence, and the rates over them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from given import FAR, at, event, order, rows, warehouse

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


def carts(events: list[Any], ordered: Sequence[float] = (), columns: str = "opened_at, order_id") -> list[Any]:
    """The carts of the customer `c`, in order."""
    orders = [order(f"#{i}", when, customer_id="c") for i, when in enumerate(ordered, 1)]
    built = warehouse(events=events, order_rows=orders, build=["journeys.carts"])
    return rows(built, f"select {columns} from journeys.carts order by opened_at, cart_id")


def ways(events: list[Any], ordered: Sequence[float] = (), known_until: float | None = None) -> dict[int, Any]:
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


def test_the_ways_to_count_have_names() -> None:
    built = warehouse(events=[act(0, "add")], build=["metrics.cart_abandonment"])
    assert dict(rows(built, "select position, way from metrics.cart_abandonment")) == WAYS


def test_what_was_removed_unseen_is_not_owed() -> None:
    events = [act(0, "add", product_id="bowl"), act(1, "remove", quantity=2), act(2, "add", quantity=3)]
    assert carts(events, columns="piece_count, line_count, cart_value") == [(4.0, 2, 40.0)]


def test_a_line_is_worth_the_last_price_seen_of_the_product() -> None:
    events = [act(0, "add", quantity=2, price=10), act(1, "add", price=8), act(2, "remove", price=None)]
    assert carts(events, columns="piece_count, line_count, cart_value") == [(2.0, 1, 16.0)]


def test_a_checkout_without_any_add_holds_something_unknown_of_its_own_value() -> None:
    events = [act(0, "checkout", cart_id="A", value=35)]
    columns = "level_reached, has_items, is_emptied, piece_count, line_count, cart_value"
    assert carts(events, columns=columns) == [("checkout", True, False, None, None, 35.0)]


def test_a_cart_that_never_held_anything_stays_at_browse_level() -> None:
    events = [act(0, "remove", cart_id="A")]
    assert carts(events, columns="level_reached, has_items, is_emptied") == [("browse", False, True)]


def test_login_at_checkout_is_one_person_with_one_cart() -> None:
    events = [
        event("phone", 0, "add", product_id="mug", price=10),
        event("phone", MINUTE, "checkout", product_id="mug", customer_id="c"),
    ]
    assert carts(events, [2 * MINUTE], "opened_at, piece_count, order_id") == [(at(0), 1.0, "#1")]


def test_a_login_that_gives_the_cart_another_id_leaves_no_twin() -> None:
    events = [
        event("phone", 0, "add", product_id="mug", price=10, cart_id="guest"),
        event("phone", MINUTE, "checkout", customer_id="c", cart_id="customer"),
    ]
    assert carts(events, [2 * MINUTE], "opened_at, level_reached, order_id") == [(at(0), "checkout", "#1")]


def test_a_checkout_export_with_ids_and_a_tracker_without_make_one_cart() -> None:
    events = [
        act(0, "add"),
        act(MINUTE, "checkout", cart_id="A", product_id=None, value=10),
        act(2 * MINUTE, "add", product_id="bowl", price=2.5),
    ]
    columns = "opened_at, piece_count, cart_value, level_reached"
    assert carts(events, columns=columns) == [(at(0), 2.0, 12.5, "checkout")]


def test_an_id_that_was_seen_in_an_earlier_cart_names_no_later_one() -> None:
    events = [act(0, "add", cart_id="A"), act(2 * HOUR, "remove", cart_id="A"), act(3 * HOUR, "add")]
    assert carts(events, [HOUR]) == [(at(0), "#1"), (at(3 * HOUR), None)]


def test_simultaneous_acts_are_in_the_order_of_the_source() -> None:
    events = [act(0, "remove", sequence=3), act(0, "add", sequence=2), act(0, "add", sequence=1)]
    assert carts(events, columns="piece_count") == [(1.0,)]


def test_everything_said_of_a_cart_is_the_same_whatever_the_order_of_the_rows() -> None:
    events = [
        {"event_id": f"{n}", **act(n * 7 * HOUR, name, price=0.1 * n, cart_id=cart, quantity=n % 3 + 1)}
        for n, (name, cart) in enumerate([("add", None), ("add", "A"), ("checkout", "B"), ("remove", "A")] * 8)
    ]
    wanted = carts(events, [30 * HOUR], "*")
    assert carts(events[::-1], [30 * HOUR], "*") == carts(events[1::2] + events[::2], [30 * HOUR], "*") == wanted


def test_what_is_said_of_a_persons_carts_does_not_depend_on_other_people() -> None:
    events = {
        who: [
            event(f"phone of {who}", n * 9 * HOUR, name, customer_id=who, product_id="mug", price=n, cart_id=cart)
            for n, (name, cart) in enumerate([("add", None), ("add", "A"), ("checkout", "B"), ("remove", None)] * 3)
        ]
        for who in ("ann", "bob")
    }
    orders = {who: [order(f"order of {who}", 40 * HOUR, customer_id=who)] for who in events}

    def found(*people: str) -> set[Any]:
        built = warehouse(
            events=[{"event_id": f"{who} {n}", **row} for who in people for n, row in enumerate(events[who])],
            order_rows=[row for who in people for row in orders[who]],
            build=["journeys.carts"],
        )
        return set(rows(built, "from journeys.carts"))

    assert found("ann", "bob") == found("ann") | found("bob")
