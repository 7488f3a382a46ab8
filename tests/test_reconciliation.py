"""Reconciliation: purchase events of the click-stream against the orders export, by day, channel and payment method."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest
from given import Row, at, event, examples, order, project, rows, settings, warehouse
from hypothesis import HealthCheck, given, strategies
from hypothesis import settings as budget

from parcours.engine.checks import read_checks, run_check
from parcours.project import ROOT
from parcours.tables.catalogue import build_all

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
COUNTS = (
    "order_count",
    "matched_order_count",
    "orders_without_event_count",
    "events_without_order_count",
    "duplicate_event_count",
    "amount_difference_count",
    "amount_difference",
)
TOTALS = f"select {', '.join(f'cast(coalesce(sum({c}), 0) as double)' for c in COUNTS)} from metrics.reconciliation"
BUILD = ["metrics.reconciliation"]
VISIT = event("first", -DAY, "landing")
"""Long before the others, so that all of them are within the period."""


def reconciled(events: Sequence[Row], orders: Sequence[Row], **more: Any) -> dict[str, float]:
    """The counts over all rows that are not 0."""
    built = warehouse(events=[VISIT, *events], order_rows=orders, build=BUILD, **more)
    return {name: value for name, value in zip(COUNTS, rows(built, TOTALS)[0], strict=True) if value}


def purchased(when: float, order_id: str | None = None, **more: Any) -> Row:
    return event("u", when, "purchased", order_id=order_id, **more)


def test_an_order_with_its_event_is_matched() -> None:
    assert reconciled([purchased(0, "#1")], [order("#1", 5)]) == {"order_count": 1, "matched_order_count": 1}


def test_an_event_may_name_the_orders_other_id() -> None:
    found = reconciled([purchased(0, "98")], [order("#1", 5, order_reference="98")])
    assert found == {"order_count": 1, "matched_order_count": 1}


def test_an_order_without_an_event_and_events_without_an_order() -> None:
    found = reconciled([purchased(0, "#7"), purchased(1), purchased(2)], [order("#1", 0)])
    assert found == {"order_count": 1, "orders_without_event_count": 1, "events_without_order_count": 3}


def test_events_beyond_the_first_of_an_order_id_are_duplicates_whether_or_not_the_order_is_known() -> None:
    events = [purchased(n, "#1") for n in range(3)] + [purchased(n, "#7") for n in range(2)]
    found = reconciled(events, [order("#1", 0)])
    assert found == {
        "order_count": 1,
        "matched_order_count": 1,
        "events_without_order_count": 1,
        "duplicate_event_count": 3,
    }


def test_only_an_event_whose_first_rule_is_a_purchase_counts() -> None:
    shop = settings(
        touchpoints=[
            {"touchpoint": "test order", "event": "done", "url": "/test/%", "action": "view"},
            {"touchpoint": "purchase", "url": "%/thanks", "action": "purchase", "source": "events"},
            {"touchpoint": "order placed", "source": "orders", "event": "order placed"},
        ]
    )
    paths = ["/test/thanks", "/shop/thanks", "/shop/thanks/again"]
    events = [event("u", n, "done", url_path=path, order_id=f"#{n}") for n, path in enumerate(paths)]
    found = reconciled(events, [order(f"#{n}", n) for n in range(3)], shop=shop)
    assert found == {"order_count": 3, "matched_order_count": 1, "orders_without_event_count": 2}


@pytest.mark.parametrize(
    "value",
    [
        120.0,  # the total
        120.01,
        110.0,  # without shipping
        90.0,  # without shipping and tax
        91.67,  # without shipping and its part of the tax: net revenue
        None,
    ],
)
def test_any_amount_that_shops_send_agrees(value: float | None) -> None:
    placed = order("#1", 0, value=110, shipping=10, tax=20, total=120)
    assert "amount_difference_count" not in reconciled([purchased(0, "#1", value=value)], [placed])


@pytest.mark.parametrize("more", [{"cancelled_at": at(DAY)}, {"refunded": 120}, {"refunded": 40}])
def test_what_becomes_of_an_order_later_is_no_difference(more: dict[str, Any]) -> None:
    placed = order("#1", 0, value=110, shipping=10, tax=20, total=120, **more)
    assert "amount_difference_count" not in reconciled([purchased(0, "#1", value=91.67)], [placed])


def test_the_difference_is_that_of_the_first_event() -> None:
    events = [purchased(1, "#1", value=100), purchased(2, "#1", value=120), purchased(0, "#2", price=40, quantity=2)]
    orders = [order("#1", 0, value=120), order("#2", 0, value=100)]
    found = reconciled(events, orders)
    assert (found["amount_difference_count"], found["amount_difference"]) == (2, -40)


def test_what_one_export_does_not_reach_is_not_compared() -> None:
    events = [purchased(0, "#0"), purchased(2 * DAY, "#3")]
    orders = [order("#before", -3 * DAY), order("#0", 0), order("#1", DAY), order("#2", 1.5 * DAY)]
    built = warehouse(events=[VISIT, *events], order_rows=orders, build=BUILD)
    built.execute("update raw.loads set covers_until = ? where kind = 'events'", [at(1.2 * DAY)])
    built.execute("update raw.loads set covers_until = ? where kind = 'order_rows'", [at(1.8 * DAY)])
    build_all(built, project(settings()), ["metrics.cut_off", *BUILD], full_refresh=True)
    # The first order is before the first event; the third is after the events' end; #3 is after both.
    assert rows(built, TOTALS)[0][:4] == (2, 1, 1, 0)


def test_without_one_of_the_two_exports_nothing_is_compared() -> None:
    assert reconciled([purchased(0)], [], without=["order_rows"]) == {}
    built = warehouse(order_rows=[order("#1", 0)], build=BUILD, without=["events"])
    assert rows(built, "select count(*) from metrics.reconciliation") == [(0,)]


def test_a_row_is_a_day_a_channel_and_a_payment_method_of_the_order_else_of_the_event() -> None:
    shop = settings(shop={"name": "Test shop", "time_zone": "Europe/Paris", "currency": "EUR", "language": "en"})
    events = [
        event("a", 22.5 * HOUR, "landing", campaign_medium="cpc"),
        event("a", 22.6 * HOUR, "purchased", order_id="#1", customer_id="c", payment_method="not asked"),
        event("b", 30 * HOUR, "landing", campaign_medium="email"),
        event("b", 30.1 * HOUR, "purchased", order_id="#gone", payment_method="card"),
        event("b", 30.2 * HOUR, "purchased"),
    ]
    orders = [
        order("#1", 22.6 * HOUR, customer_id="c", payment_method="transfer"),
        order("#2", 23.5 * HOUR, customer_id="d"),
    ]
    built = warehouse(events=[VISIT, *events], order_rows=orders, build=BUILD, shop=shop)
    query = (
        "select day, channel, payment_method, matched_order_count, orders_without_event_count, "
        "events_without_order_count from metrics.reconciliation order by all"
    )
    assert rows(built, query) == [
        (date(2026, 1, 5), "paid search", "transfer", 1, 0, 0),
        (date(2026, 1, 6), "e-mail", "card", 0, 0, 1),
        (date(2026, 1, 6), "e-mail", "unknown", 0, 0, 1),
        (date(2026, 1, 6), "unknown", "unknown", 0, 1, 0),
    ]


def test_the_events_payment_method_stands_where_the_order_has_none() -> None:
    built = warehouse(
        events=[VISIT, purchased(0, "#1", payment_method="card")], order_rows=[order("#1", 0)], build=BUILD
    )
    assert rows(built, "select payment_method from metrics.reconciliation") == [("card",)]


def test_staff_and_bots_are_compared_too() -> None:
    shop = settings(screening={"staff_customer_ids": ["boss"]})
    found = reconciled([purchased(0, "#1")], [order("#1", 0, customer_id="boss")], shop=shop)
    assert found == {"order_count": 1, "matched_order_count": 1}


@pytest.mark.parametrize(
    ("orders", "missing", "is_found"),
    [(100, 5, False), (99, 5, True), (10, 4, False), (5, 5, False), (6, 5, True)],  # 5 of 5: no event is a purchase
)
def test_the_check_finds_days_on_which_many_orders_lack_their_event(orders: int, missing: int, is_found: bool) -> None:
    events = [purchased(n, f"#{n}") for n in range(missing, orders)]
    built = warehouse(events=[VISIT, *events], order_rows=[order(f"#{n}", n) for n in range(orders)], build=BUILD)
    check = next(c for c in read_checks(ROOT / "sql" / "checks") if c.name == "orders_have_a_purchase_event")
    assert run_check(built, check).offending_count == is_found


order_numbers = strategies.sampled_from(["1", "2", "3", "4", "5"])
instants = strategies.integers(0, 72).map(lambda n: n * HOUR)
random_orders = strategies.lists(
    strategies.tuples(
        order_numbers,
        instants,
        strategies.sampled_from([None, "ref 1", "4"]),
        strategies.sampled_from([0.0, 10.0]),
        strategies.sampled_from([None, "card", "transfer"]),
    ),
    max_size=5,
    unique_by=lambda found: found[0],
)
random_events = strategies.lists(
    strategies.tuples(
        instants,
        strategies.sampled_from(["landing", "purchased"]),
        strategies.one_of(strategies.none(), order_numbers, strategies.sampled_from(["ref 1", "9"])),
        strategies.sampled_from([None, 100.0, 110.0, 55.5]),
        strategies.sampled_from([None, "card"]),
    ),
    max_size=14,
)


@pytest.mark.random
@budget(max_examples=examples(8, 25), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(random_orders, random_events, strategies.integers(24, 72), strategies.integers(24, 72))
def test_equal_to_comparing_order_by_order(
    placed: list[Any], clicked: list[Any], events_until: int, orders_until: int
) -> None:
    # One reference names one order: the shop's exports never give an id twice.
    references = [reference for _, _, reference, _, _ in placed if reference]
    placed = [
        (n, when, ref if references.count(ref) == 1 and ref not in [p[0] for p in placed] else None, shipping, paid)
        for n, when, ref, shipping, paid in placed
    ]
    zone = "America/New_York"
    shop = settings(shop={"name": "Test shop", "time_zone": zone, "currency": "EUR", "language": "en"})
    orders = [
        order(n, when, value=100, shipping=shipping, total=100 + shipping, order_reference=ref, payment_method=paid)
        for n, when, ref, shipping, paid in placed
    ]
    events = [
        event("u", when, name, order_id=n, value=value, payment_method=paid) for when, name, n, value, paid in clicked
    ]
    built = warehouse(events=events, order_rows=orders, build=["metrics.cut_off"], shop=shop)
    for kind, until in (("events", events_until), ("order_rows", orders_until)):
        built.execute("update raw.loads set covers_until = ? where kind = ?", [at(until * HOUR), kind])
    build_all(built, project(shop), BUILD, full_refresh=True)
    expected = compared(placed, clicked, min(events_until, orders_until) * HOUR, ZoneInfo(zone))
    assert by_row(built) == expected
    known = [when for _, when, *_ in placed if clicked and when >= min(c[0] for c in clicked)]
    within = [when for when in known if when <= min(events_until, orders_until) * HOUR]
    assert sum(row[0] for row in expected.values()) == len(within)


def by_row(built: duckdb.DuckDBPyConnection) -> dict[tuple[date, str], tuple[Any, ...]]:
    query = (
        "select day, payment_method, sum(order_count), sum(matched_order_count), sum(orders_without_event_count), "
        "sum(events_without_order_count), sum(duplicate_event_count), sum(amount_difference_count), "
        "cast(sum(amount_difference) as double) from metrics.reconciliation group by day, payment_method"
    )
    return {(row[0], row[1]): tuple(float(value) for value in row[2:]) for row in rows(built, query)}


def compared(
    placed: list[Any], clicked: list[Any], until: float, zone: ZoneInfo
) -> dict[tuple[date, str], tuple[float, ...]]:
    """The slow, obvious form: one order at a time, then one order id that no order has at a time."""
    found: dict[tuple[date, str], list[float]] = defaultdict(lambda: [0.0] * 7)
    if not clicked:
        return {}
    purchases = sorted(
        (
            (when, i, number, value, paid)
            for i, (when, name, number, value, paid) in enumerate(clicked)
            if name == "purchased"
        ),
        key=lambda purchase: purchase[:2],
    )
    first_event, first_order = min(c[0] for c in clicked), min((p[1] for p in placed), default=0)
    taken: set[int] = set()
    for number, when, reference, shipping, paid in placed:
        own = [purchase for purchase in purchases if purchase[2] is not None and purchase[2] in (number, reference)]
        taken |= {purchase[1] for purchase in own}
        if not first_event <= when <= until:
            continue
        row = found[shop_day(when, zone), paid or (own[0][4] if own else None) or "unknown"]
        row[0] += 1
        row[1 if own else 2] += 1
        row[4] += max(len(own) - 1, 0)
        value = own[0][3] if own else None
        if value is not None and min(abs(value - 100 - shipping), abs(value - 100)) > 0.01:
            row[5] += 1
            row[6] += value - 100 - shipping
    lone: dict[Any, list[Any]] = defaultdict(list)
    for purchase in purchases:
        if purchase[1] not in taken:
            lone[purchase[2] if purchase[2] is not None else ("alone", purchase[1])].append(purchase)
    for same in lone.values():
        when, paid = same[0][0], same[0][4]
        if placed and first_order <= when <= until:
            row = found[shop_day(when, zone), paid or "unknown"]
            row[3] += 1
            row[4] += len(same) - 1
    return {key: tuple(row) for key, row in found.items()}


def shop_day(when: float, zone: ZoneInfo) -> date:
    return at(when).replace(tzinfo=UTC).astimezone(zone).date()
