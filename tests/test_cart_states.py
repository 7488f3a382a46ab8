"""The state of a cart at the data cut-off, what was last seen of it before it was left, and how it was recovered."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from conftest import cases
from given import FAR, at, event, order, rows, warehouse

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
SECOND = 1.0


def act(when: float, name: str, **more: Any) -> Any:
    """An event of the customer `c` on the phone, of a product for 10."""
    device = more.pop("device", "mobile")
    return event(device, when, name, customer_id="c", device=device, **{"product_id": "mug", "price": 10, **more})


def bought(when: float, **more: Any) -> Any:
    """The order of the customer `c`."""
    return order(more.pop("order_id", "#1"), when, customer_id="c", **more)


def states(
    events: list[Any],
    orders: Sequence[Any] = (),
    columns: str = "state, level",
    known_until: float | None = None,
    without: Sequence[str] = (),
) -> list[Any]:
    """The carts' states, by opening."""
    built = warehouse(
        events=events,
        order_rows=orders,
        build=["metrics.cart_states"],
        known_until=FAR if known_until is None else at(known_until),
        without=without,
    )
    return rows(built, f"select {columns} from metrics.cart_states order by opened_at, cart_id")


CLOSED_OR_NOT = {
    # what was done, the orders, the state and level thirty days later
    "touched within a day": ([act(29 * DAY + HOUR, "add")], [], ("active", "cart")),
    "silent for a day": ([act(29 * DAY, "add")], [], ("abandoned", "cart")),
    "left in the checkout": ([act(0, "add"), act(1, "checkout")], [], ("abandoned", "checkout")),
    "ordered": ([act(0, "add")], [bought(HOUR)], ("purchased", "cart")),
    "ordered after exactly a day": ([act(0, "add")], [bought(DAY)], ("purchased", "cart")),
    "ordered after more than a day": ([act(0, "add")], [bought(DAY + 1)], ("recovered", "cart")),
    "ordered at the horizon": ([act(0, "add")], [bought(7 * DAY)], ("recovered", "cart")),
    "ordered after the horizon": ([act(0, "add")], [bought(7 * DAY + 1)], ("purchased", "cart")),
    "removed all": ([act(0, "add"), act(1, "remove")], [], ("emptied", "browse")),
    "left, then removed all": ([act(0, "add"), act(3 * DAY, "remove")], [], ("emptied", "browse")),
    "removed in the checkout": ([act(0, "add"), act(1, "checkout"), act(2, "remove")], [], ("emptied", "browse")),
    "cancelled": ([act(0, "add")], [bought(1, cancelled_at=at(DAY))], ("cancelled", "cart")),
    "refunded": ([act(0, "add")], [bought(1, refunded=10)], ("refunded", "cart")),
    "refunded in part": ([act(0, "add")], [bought(1, refunded=9)], ("purchased", "cart")),
    "cancelled and refunded": ([act(0, "add")], [bought(1, refunded=10, cancelled_at=at(2))], ("cancelled", "cart")),
    "only a purchase event": ([act(0, "add"), act(1, "purchased", order_id="#9")], [], ("abandoned", "cart")),
}


@pytest.fixture(scope="module")
def thirty_days_later() -> dict[str, tuple[str, str]]:
    """State and level of each case's cart: each case is a customer of one shop."""
    events, orders = [], []
    for name, (done, ordered, _) in CLOSED_OR_NOT.items():
        who = {"customer_id": name, "anonymous_id": name}
        events += [{**row, **who, "device": name} for row in done]
        orders += [{**row, "customer_id": name, "order_id": f"order of {name}"} for row in ordered]
    built = warehouse(events=events, order_rows=orders, build=["metrics.cart_states"], known_until=at(30 * DAY))
    found = rows(built, "select device, state, level from metrics.cart_states")
    assert len(found) == len(CLOSED_OR_NOT)
    return {device: (state, level) for device, state, level in found}


@pytest.mark.parametrize("name", CLOSED_OR_NOT)
def test_the_state_thirty_days_later(name: str, thirty_days_later: dict[str, tuple[str, str]]) -> None:
    assert thirty_days_later[name] == CLOSED_OR_NOT[name][2]


def test_an_active_cart_is_abandoned_once_the_exports_reach_a_day_further() -> None:
    assert states([act(0, "add")], known_until=DAY - SECOND) == [("active", "cart")]
    assert states([act(0, "add")], known_until=DAY) == [("abandoned", "cart")]


def test_lists_for_action_begin_an_hour_after_it_was_left() -> None:
    due = "state, is_due_for_action"
    assert states([act(0, "add")], [], due, HOUR - SECOND) == [("active", False)]
    assert states([act(0, "add")], [], due, HOUR) == [("active", True)]
    assert states([act(0, "add"), act(1, "remove")], [], due, DAY) == [("emptied", False)]
    assert states([act(0, "add")], [bought(MINUTE)], due, DAY) == [("purchased", False)]


def test_without_an_orders_export_nobody_is_said_to_have_left() -> None:
    assert states([act(0, "add")], without=["order_rows"]) == [("unknown", "cart")]


def test_bought_on_another_device_six_days_later_is_recovered_and_both_dates_are_kept() -> None:
    events = [
        act(0, "add"),
        act(MINUTE, "checkout"),
        act(6 * DAY, "landing", device="desktop", campaign_medium="email", campaign_source="reminder"),
        act(6 * DAY + MINUTE, "product", device="desktop"),
    ]
    columns = "state, left_at, came_back_at, ordered_at, device, ordered_device, came_back_channel, was_recovered"
    assert states(events, [bought(6 * DAY + HOUR)], columns) == [
        ("recovered", at(MINUTE), at(6 * DAY), at(6 * DAY + HOUR), "mobile", "desktop", "e-mail", True)
    ]


def test_who_comes_back_to_the_cart_first_came_back_then() -> None:
    events = [act(0, "add"), act(2 * DAY, "add", product_id="bowl"), act(2 * DAY + HOUR, "landing")]
    columns = "left_at, came_back_at, value"
    assert states(events, [bought(2 * DAY + 2 * HOUR)], columns) == [(at(0), at(2 * DAY), 10.0)]


def test_a_recovery_without_a_session_has_the_unknown_channel() -> None:
    columns = "state, came_back_at, came_back_channel, ordered_device"
    assert states([act(0, "add")], [bought(3 * DAY)], columns) == [("recovered", at(3 * DAY), "unknown", None)]


def test_a_cart_that_was_not_left_was_not_come_back_to() -> None:
    columns = "state, left_at, came_back_at, came_back_channel, ordered_device"
    assert states([act(0, "add")], [bought(HOUR)], columns) == [("purchased", None, None, None, "mobile")]


def test_a_recovered_order_that_was_cancelled_counts_as_recovered_beside_its_state() -> None:
    columns = "state, was_abandoned, was_recovered"
    found = states([act(0, "add")], [bought(3 * DAY, cancelled_at=at(4 * DAY))], columns)
    assert found == [("cancelled", True, True)]


DETAILS = "payment_method, cast(shipping as double), coupon"


def test_payment_shipping_and_coupon_are_the_last_ones_seen_before_it_was_left() -> None:
    events = [
        act(0, "add", coupon="SPRING"),
        act(1, "checkout", payment_method="card", shipping=4.9),
        act(2, "checkout", payment_method="invoice"),
        act(3 * DAY, "checkout", payment_method="paypal", shipping=0, coupon="COMEBACK"),
    ]
    assert states(events, [bought(3 * DAY + HOUR)], DETAILS) == [("invoice", 4.9, "SPRING")]
    assert states(events, [], DETAILS) == [("paypal", 0.0, "COMEBACK")]


def test_a_failed_payment_tells_the_method_for_a_day_after_the_last_activity() -> None:
    events = [act(0, "add"), act(1, "checkout", payment_method="card")]
    assert states([*events, act(2, "failed", payment_method="paypal")], [], DETAILS) == [("paypal", None, None)]
    assert states([*events, act(2 * DAY, "failed", payment_method="paypal")], [], DETAILS) == [("card", None, None)]


def test_what_is_said_after_the_order_is_not_of_its_cart() -> None:
    events = [act(0, "add"), act(1, "checkout", payment_method="card"), act(HOUR, "failed", payment_method="paypal")]
    assert states(events, [bought(2)], DETAILS) == [("card", None, None)]


def test_the_value_is_of_the_lines_when_it_was_left() -> None:
    events = [
        act(0, "add", quantity=3),
        act(1, "add", product_id="bowl", price=2.5),
        act(3 * DAY, "remove", quantity=3),
    ]
    assert states(events, [bought(3 * DAY + 1)], "value, left_at") == [(32.5, at(1))]


def test_losses_by_payment_method_and_recoveries_by_channel_are_one_group_by() -> None:
    events, orders = [], []
    for who, (method, returns) in enumerate([("card", True), ("card", False), ("paypal", False)]):
        mine = {"customer_id": f"c{who}", "product_id": "mug", "price": 10}
        events += [event(f"d{who}", 0, "add", **mine), event(f"d{who}", 1, "checkout", payment_method=method, **mine)]
        if returns:
            events.append(event(f"d{who}", 3 * DAY, "landing", referrer_host="www.google.com", **mine))
            orders.append(order("#1", 3 * DAY + 1, customer_id=f"c{who}"))
    built = warehouse(events=events, order_rows=orders, build=["metrics.cart_states"])
    by_method = "select payment_method, state, count(*), sum(value) from metrics.cart_states group by all order by all"
    assert rows(built, by_method) == [
        ("card", "abandoned", 1, 10.0),
        ("card", "recovered", 1, 10.0),
        ("paypal", "abandoned", 1, 10.0),
    ]
    by_channel = "select came_back_channel, count(*) from metrics.cart_states where was_recovered group by all"
    assert rows(built, by_channel) == [("organic search", 1)]


@pytest.mark.parametrize("case", cases("cart_cases", "core"))
def test_published_case(case: dict[str, Any]) -> None:
    """Matomo's published figures, where its words and ours meet.

    Matomo's unit is the visit: a visit whose last cart was not ordered in it has abandoned it, at once. Ours is the
    person's cart: it lives across visits, and is abandoned after 24 h. So the case is asked visit by visit, each as a
    person of its own, with all its orders known and the cut-off far away: what is abandoned then is what Matomo calls
    so. Matomo sends the cart's whole value with each update, which is one add here if no cart is open; the value of an
    open cart is replaced. An order id that was seen already is the same order: the orders export has it once.
    """
    seen: set[str] = set()
    events, orders, last = [], [], None
    visit, is_open = 0, False
    for _, when, name, more in case["events"]:
        if last is None or (at(when) - last).total_seconds() > 30 * MINUTE:
            visit, is_open = visit + 1, False
        last = at(when)
        who = {"customer_id": f"visit {visit}"}
        if name == "cart_update":
            if is_open:
                events.append(event(f"v{visit}", when, "remove", product_id="cart", **who))
            events.append(event(f"v{visit}", when, "add", product_id="cart", value=more["value"], **who))
            is_open = True
            continue
        events.append(event(f"v{visit}", when, "product", **who))
        if name == "order" and more["ref"] not in seen:
            seen.add(more["ref"])
            orders.append(order(more["ref"], when, value=more["value"], **who))
            is_open = False
    built = warehouse(events=events, order_rows=orders, build=["metrics.cart_states", "journeys.order_sessions"])
    for name, days in (("day_2011-04-05", "= date '2011-04-05'"), ("week", "is not null")):
        expected = case["expected"][name]
        abandoned = f"from metrics.cart_states where state = 'abandoned' and opened_on {days}"
        assert rows(built, f"select count(*), round(sum(value), 2), count(distinct person_id) {abandoned}") == [
            (
                expected["abandoned_carts"],
                expected["abandoned_cart_revenue"],
                expected.get("visits_with_abandoned_cart", expected["abandoned_carts"]),
            )
        ]
        ordered = f"from journeys.order_sessions where ordered_on {days}"
        assert rows(
            built, f"select count(*), cast(sum(net_revenue) as double), count(distinct person_id) {ordered}"
        ) == [(expected["orders"], expected["order_revenue"], expected["visits_with_order"])]
        visits = f"from journeys.sessions where cast(started_at as date) {days}"
        assert rows(built, f"select count(*) {visits}") == [(expected["visits"],)]
    first = rows(
        built,
        "select people.person_id, "
        "(select count(*) from journeys.order_sessions as o where o.person_id = people.person_id) > 0, "
        "(select count(*) from metrics.cart_states as s where s.person_id = people.person_id "
        "and s.state = 'abandoned') > 0 from (select person_id, min(occurred_at) as first_at from journeys.touchpoints "
        "group by person_id) as people order by first_at limit 3",
    )
    words = {
        (False, False): "none",
        (True, True): "orderedThenAbandonedCart",
        (False, True): "abandonedCart",
        (True, False): "ordered",
    }
    assert [words[ordered, left] for _, ordered, left in first] == case["expected"]["visit_status_first_three"]
