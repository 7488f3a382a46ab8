"""Each source is known from a day until an instant: what began before is in no rate, and counted as uncovered."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import duckdb
import pytest
from given import Row, answer, at, event, order, rows, settings, warehouse

HOUR, DAY = 3600.0, 86400.0
EARLY, LATE = 2 * DAY, 12 * DAY
"""Before the orders are known, and after."""
ORDERS_FROM = 10 * DAY + 5 * HOUR
"""The first order of the exports; their day is known whole."""


def visit(who: str, when: float, *names: str) -> list[Row]:
    """Events a minute apart."""
    return [event(who, when + 60 * n, name, customer_id=who) for n, name in enumerate(names)]


def with_known_from(shop: Any = None, /, *, given: dict[str, float], **loaded: Any) -> duckdb.DuckDBPyConnection:
    """A warehouse whose exports of these kinds begin at these instants."""
    return warehouse(shop=shop, known_from={kind: at(start) for kind, start in given.items()}, **loaded)


@pytest.fixture(scope="module")
def late_orders() -> duckdb.DuckDBPyConnection:
    """A click-stream of twenty days, and orders from the eleventh on."""
    events = [
        *visit("early", EARLY, "product", "add", "checkout"),
        *visit("same-day", 10 * DAY + HOUR, "product", "add"),
        *visit("late", LATE, "product", "add", "checkout", "purchased"),
        *visit("late-too", LATE + HOUR, "product", "add"),
    ]
    orders = [
        order("#1", ORDERS_FROM, customer_id="unseen"),
        order("#2", LATE + 240, customer_id="late"),
        order("#3", LATE + DAY, customer_id="early"),  # may have ordered on day 2
        order("#4", LATE + 2 * DAY, customer_id="early"),
    ]
    return with_known_from(given={"events": 0, "order_rows": ORDERS_FROM}, events=events, order_rows=orders)


def outcomes(built: duckdb.DuckDBPyConnection, kpi: str) -> dict[str, int]:
    """Attempts at a figure by their outcome."""
    found = rows(built, f"select outcome, count(*) from metrics.kpi_attempts where kpi = '{kpi}' group by 1")
    return {outcome: int(count) for outcome, count in found}


def test_a_source_is_known_from_the_shop_day_of_its_first_row(late_orders: duckdb.DuckDBPyConnection) -> None:
    known = dict(rows(late_orders, "select source, known_from from metrics.known_sources"))
    assert known == {"events": at(0), "orders": at(10 * DAY)}
    assert rows(late_orders, "select visits_from from metrics.cut_off") == [(at(10 * DAY),)]


def test_a_visit_before_orders_are_known_is_no_visit_without_an_order(late_orders: duckdb.DuckDBPyConnection) -> None:
    assert outcomes(late_orders, "conversion") == {"uncovered": 1, "converted": 1, "dropped": 2}
    found = rows(
        late_orders,
        "select numerator, denominator, open_count, uncovered_count from metrics.kpis "
        "where kpi = 'conversion' and period = 'all'",
    )
    assert found == [(1, 3, 0, 1)]
    assert rows(late_orders, "select distinct denominator from metrics.conversion where way like 'sessions%'") == [(3,)]
    chosen = "select matured_count, converted_count from metrics.session_sensitivity where is_chosen"
    assert rows(late_orders, chosen) == [(3, 1)]
    with_stitching = "select matured_session_count from metrics.stitching_effect where view = 'with stitching'"
    assert rows(late_orders, with_stitching) == [(3,)]


def test_a_cart_before_orders_are_known_is_in_no_rate_and_its_state_unknown(
    late_orders: duckdb.DuckDBPyConnection,
) -> None:
    # The early cart was ordered on day 13, which is known, and is still no cart that was covered.
    assert outcomes(late_orders, "cart_abandonment") == {"uncovered": 1, "converted": 2, "dropped": 1}
    built = with_known_from(
        given={"events": 0, "order_rows": ORDERS_FROM},
        events=visit("early", EARLY, "add"),
        order_rows=[order("#1", ORDERS_FROM, customer_id="other")],
    )
    assert rows(built, "select state from metrics.cart_states") == [("unknown",)]


def test_a_customer_known_before_the_orders_may_have_ordered_before() -> None:
    orders = [order(f"#{who}", LATE, customer_id=who) for who in ("seen", "crm", "new")]
    contacts = [
        {"contact_id": "k1", "customer_id": "crm", "created_at": at(EARLY)},
        {"contact_id": "k2", "customer_id": "new", "created_at": at(LATE)},
    ]
    built = with_known_from(
        given={"events": 0, "order_rows": ORDERS_FROM, "contacts": EARLY},
        events=visit("seen", EARLY, "landing"),
        order_rows=[order("#0", ORDERS_FROM, customer_id="first"), *orders],
        contacts=contacts,
    )
    assert outcomes(built, "retention") == {"uncovered": 2, "dropped": 2}
    assert rows(built, "select sum(customer_count) from metrics.retention_cohorts where interval_number = 0") == [(2,)]


def test_a_journey_that_began_before_all_is_known_is_counted_beside_the_map(
    late_orders: duckdb.DuckDBPyConnection,
) -> None:
    found = rows(
        late_orders,
        "select stage, reached_count, matured_count, open_count, uncovered_count from metrics.stage_drop_off "
        "where stage in ('discovery', 'cart')",
    )
    assert sorted(found) == [("cart", 5, 5, 0, 1), ("discovery", 5, 5, 0, 1)]


def test_orders_long_before_the_click_stream_are_no_outage_and_no_journeys_that_skipped_the_site() -> None:
    orders = [order(f"#{day}", day * DAY + HOUR, customer_id=f"c{day}") for day in range(60)]
    events = [item for day in range(50, 60) for item in visit(f"c{day}", day * DAY + HOUR - 60, "landing")]
    built = with_known_from(given={"events": 50 * DAY + HOUR - 60, "order_rows": 0}, events=events, order_rows=orders)
    assert rows(built, "select count(*) from metrics.outage_days") == [(0,)]
    skipped = (
        "select reached_count, skipped_count, uncovered_count from metrics.stage_drop_off where stage = 'discovery'"
    )
    assert rows(built, skipped) == [(10, 0, 50)]


def funnel(*steps: dict[str, Any]) -> Any:
    return settings(
        funnels=[{"id": "f", "name": "F", "steps": list(steps), "window_days": 1}],
        touchpoints=[
            {"touchpoint": "product", "event": "product", "stage": "consideration", "action": "view"},
            {"touchpoint": "order placed", "source": "orders", "event": "order placed", "stage": "purchase"},
            {"touchpoint": "ticket", "source": "tickets", "event": "ticket opened", "stage": "support"},
            {"touchpoint": "review", "source": "feedback", "event": "review", "stage": "purchase"},
        ],
    )


@pytest.mark.parametrize(
    ("step", "known_from", "expected"),
    [
        ({"touchpoint": "order placed"}, {"order_rows": ORDERS_FROM}, (1, 1, 1)),
        ({"touchpoint": "ticket"}, {"tickets": ORDERS_FROM}, (1, 0, 1)),
        ({"touchpoint": "ticket"}, {"order_rows": ORDERS_FROM, "tickets": 0}, (2, 0, 0)),
        # Of a step that may come from several sources: the click-stream and the orders.
        ({"stage": "purchase"}, {"order_rows": 0, "feedback": ORDERS_FROM}, (2, 1, 0)),
    ],
)
def test_a_funnel_is_covered_by_the_sources_of_its_later_steps(
    step: dict[str, Any], known_from: dict[str, float], expected: tuple[int, int, int]
) -> None:
    built = with_known_from(
        funnel({"touchpoint": "product"}, step),
        given={"events": 0} | known_from,
        events=[*visit("a", EARLY, "product"), *visit("b", LATE, "product")],
        order_rows=[order("#1", LATE + HOUR, customer_id="b")],
        tickets=[{"ticket_id": "t", "customer_id": "c", "created_at": at(LATE)}],
        feedback=[answer("r", LATE, 5, customer_id="c")],
    )
    found = rows(
        built, "select entered_count, reached_count, uncovered_count from metrics.funnel_steps order by step_number"
    )
    (entered, _, uncovered), (_, reached, _) = found
    assert (entered, reached, uncovered) == expected


def test_who_passed_a_stage_before_answers_are_known_was_not_asked() -> None:
    orders = [order(f"#{n}", n * DAY, customer_id=f"c{n}") for n in range(20)]
    built = with_known_from(
        given={"events": 0, "order_rows": 0, "feedback": ORDERS_FROM},
        order_rows=orders,
        feedback=[answer("r", LATE, 5, customer_id="c12")],
    )
    assert rows(built, "select asked_count from metrics.csat_by_stage where stage = 'all'") == [(10,)]


def test_a_visit_before_tickets_are_known_is_in_no_rate_of_friction() -> None:
    built = with_known_from(
        given={"events": 0, "order_rows": 0, "tickets": ORDERS_FROM},
        events=[*visit("a", EARLY, "product"), *visit("b", LATE, "product")],
        tickets=[{"ticket_id": "t", "customer_id": "b", "created_at": at(LATE + HOUR)}],
    )
    found = "select session_count, open_session_count from metrics.emotion_curve where stage = 'consideration'"
    assert rows(built, found) == [(1, 0)]


def test_journey_yaml_says_from_when_on_an_export_is_whole() -> None:
    shop = settings(
        exports={
            "folder": ".",
            "files": [{"name": "f", "path": "*.jsonl", "format": "segment", "known_from": "2026-01-01"}],
        }
    )
    built = with_known_from(
        shop,
        given={"events": 0, "order_rows": ORDERS_FROM},
        events=visit("early", EARLY, "product"),
        order_rows=[order("#1", ORDERS_FROM, customer_id="other")],
    )
    known = rows(built, "select distinct known_from from metrics.known_sources")
    assert known == [(datetime(2026, 1, 1),)]
    assert outcomes(built, "conversion") == {"dropped": 1}
