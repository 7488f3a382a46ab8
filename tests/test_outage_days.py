"""Outage days: orders go on while events stop (tracking), checkouts go on while orders stop (payment)."""

from __future__ import annotations

from typing import Any

import pytest
from given import at, event, order, project, rows, settings, warehouse

from parcours.tables.catalogue import build_all

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
DAYS = 15
OUTAGES = "select date_diff('day', date '2026-01-05', outage_on), outage from metrics.outage_days order by 1"


def tracking(events_on: dict[int, int], orders_on: dict[int, int], **outages: float) -> list[Any]:
    """Days and kinds of outage, where every other day has 20 events and 4 orders."""
    events = [
        event(f"{day}/{i}", day * DAY + HOUR + i, "landing")
        for day in range(DAYS)
        for i in range(events_on.get(day, 20))
    ]
    orders = [
        order(f"#{day}/{i}", day * DAY + HOUR + i, customer_id=f"c{day}/{i}")
        for day in range(DAYS)
        for i in range(orders_on.get(day, 4))
    ]
    shop = settings(outages=outages)
    return rows(warehouse(events=events, order_rows=orders, build=["metrics.outage_days"], shop=shop), OUTAGES)


def payment(
    checkouts_on: dict[int, tuple[int, int, int]], usual: tuple[int, int] = (10, 8), **outages: float
) -> list[Any]:
    """Days and kinds of outage, by day: sessions with a checkout, of these with an order, of these with an error."""
    events, orders = [], []
    for day in range(DAYS):
        checkouts, ordered, failed = checkouts_on.get(day, (*usual, 0))
        for i in range(checkouts):
            who, when = f"{day}/{i}", day * DAY + HOUR + i
            events.append(event(f"d{who}", when, "checkout", customer_id=f"c{who}"))
            if i >= checkouts - failed:
                events.append(event(f"d{who}", when + MINUTE, "failed", customer_id=f"c{who}"))
            if i < ordered:
                orders.append(order(f"#{who}", when + 2 * MINUTE, customer_id=f"c{who}"))
    shop = settings(outages=outages)
    return rows(warehouse(events=events, order_rows=orders, build=["metrics.outage_days"], shop=shop), OUTAGES)


def test_usual_days_are_no_outage() -> None:
    assert tracking({}, {}) == []
    assert payment({}) == []


@pytest.mark.parametrize(
    ("event_count", "order_count", "is_outage"),
    [
        (0, 4, True),
        (1, 4, True),
        (2, 4, False),  # a tenth of the median: not fewer
        (0, 2, True),  # half of the median orders
        (0, 1, False),  # a quiet day for both
        (0, 0, False),
    ],
)
def test_tracking_is_down_when_orders_go_on_without_events(event_count: int, order_count: int, is_outage: bool) -> None:
    assert tracking({7: event_count}, {7: order_count}) == ([(7, "tracking")] if is_outage else [])


@pytest.mark.parametrize("down", [(6, 7), (0, 1), (13, 14), (3, 9)])
def test_tracking_that_is_down_for_two_days_is_found_on_exactly_these(down: tuple[int, int]) -> None:
    assert tracking(dict.fromkeys(down, 0), {}) == [(day, "tracking") for day in down]


def test_tracking_may_be_down_on_the_first_and_last_days_of_orders() -> None:
    assert tracking({0: 0, 14: 0}, {}) == [(0, "tracking"), (14, "tracking")]


@pytest.mark.parametrize(
    ("usual", "checkouts", "is_outage"),
    [
        ((10, 8), (10, 0, 0), True),  # 8 expected: 8 short, over 3.5 × 1.26
        ((10, 8), (10, 4, 10), False),  # half of the usual rate: not fewer
        ((10, 8), (10, 3, 0), True),  # 5 short
        ((10, 5), (10, 2, 0), False),  # 3 short, not over 3.5 × 1.58
        ((10, 5), (10, 2, 3), False),
        ((10, 5), (10, 2, 4), True),  # over a third met an error
        ((10, 8), (4, 0, 4), False),  # too few checkouts to tell
        ((10, 8), (5, 0, 5), True),
    ],
)
def test_payment_is_down_when_checkouts_go_on_without_orders(
    usual: tuple[int, int], checkouts: tuple[int, int, int], is_outage: bool
) -> None:
    assert payment({7: checkouts}, usual) == ([(7, "payment")] if is_outage else [])


@pytest.mark.parametrize(
    ("event_count", "order_count", "knob", "value"),
    [(2, 4, "tracking_touchpoint_share", 0.11), (0, 1, "tracking_order_share", 0.25)],
)
def test_what_tracking_is_held_against_is_a_setting(
    event_count: int, order_count: int, knob: str, value: float
) -> None:
    assert tracking({7: event_count}, {7: order_count}) == []
    assert tracking({7: event_count}, {7: order_count}, **{knob: value}) == [(7, "tracking")]


@pytest.mark.parametrize(
    ("usual", "checkouts", "knob", "value"),
    [
        ((10, 8), (10, 4, 10), "payment_order_share", 0.6),
        ((10, 5), (10, 2, 0), "payment_deviations", 1.5),
        ((10, 5), (10, 2, 3), "payment_error_share", 0.3),
        ((10, 8), (4, 0, 4), "payment_checkouts", 4),
    ],
)
def test_what_payment_is_held_against_is_a_setting(
    usual: tuple[int, int], checkouts: tuple[int, int, int], knob: str, value: float
) -> None:
    assert payment({7: checkouts}, usual) == []
    assert payment({7: checkouts}, usual, **{knob: value}) == [(7, "payment")]


def test_how_many_days_are_neighbours_is_a_setting() -> None:
    # A bad week around the day: by its two neighbours it is a usual day, by the fortnight it is not.
    bad_week = dict.fromkeys(range(5, 10), (10, 0, 5))
    assert (7, "payment") in payment(bad_week)
    assert (7, "payment") not in payment(bad_week, neighbouring_days=1)


def test_days_are_the_shops_days() -> None:
    shop = settings(shop={"name": "Test shop", "time_zone": "America/New_York", "currency": "EUR", "language": "en"})
    # An hour after midnight in UTC is the day before in New York.
    events = [event(f"{day}/{i}", day * DAY + HOUR, "landing") for day in range(DAYS) for i in range(20) if day != 7]
    orders = [order(f"#{day}", day * DAY + HOUR, customer_id=f"c{day}") for day in range(DAYS)]
    built = warehouse(events=events, order_rows=orders, build=["metrics.outage_days"], shop=shop)
    assert rows(built, OUTAGES) == [(6, "tracking")]


@pytest.mark.parametrize(("kind", "outage"), [("events", "tracking"), ("order_rows", "payment")])
def test_a_day_that_one_export_does_not_reach_yet_is_no_outage(kind: str, outage: str) -> None:
    last = DAYS - 1
    events = [
        event(f"{day}/{i}", day * DAY + HOUR + i, "checkout", customer_id=f"c{day}/{i}")
        for day in range(DAYS)
        for i in range(10)
        if kind != "events" or day < last
    ]
    orders = [
        order(f"#{day}/{i}", day * DAY + 2 * HOUR + i, customer_id=f"c{day}/{i}")
        for day in range(DAYS)
        for i in range(8)
        if kind != "order_rows" or day < last
    ]
    built = warehouse(events=events, order_rows=orders, build=["metrics.outage_days"], known_until=at(DAYS * DAY))
    assert rows(built, OUTAGES) == [(last, outage)]  # both exports reach its end
    built.execute("update raw.loads set covers_until = ? where kind = ?", [at(last * DAY), kind])
    build_all(built, project(settings()), ["metrics.cut_off", "metrics.outage_days"], full_refresh=True)
    assert rows(built, OUTAGES) == []
