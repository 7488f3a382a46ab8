"""Stage coverage: touchpoints with a stage, and the revenue of orders whose placing has one."""

from __future__ import annotations

from given import at, event, order, rows, settings, warehouse

COVERAGE = (
    "select source, event_name, touchpoint_count, staged_count, named_count, cast(net_revenue as double), "
    "cast(staged_revenue as double) from metrics.stage_coverage order by 1, 2"
)
RULES = [
    {"touchpoint": "product", "event": "product", "stage": "consideration"},
    {"touchpoint": "banner", "event": "banner"},
]
PLACED = {"touchpoint": "order placed", "source": "orders", "event": "order placed", "stage": "purchase"}
EVENTS = [event("u", 0, "product"), event("u", 1, "banner"), event("u", 2, "unheard of")]
ORDERS = [order("#1", 3, value=30, paid_at=at(5)), order("#2", 4, value=12.5), order("#3", 4, quantity=None)]


def test_an_orders_revenue_counts_once_with_its_placing() -> None:
    built = warehouse(
        events=EVENTS, order_rows=ORDERS, build=["metrics.stage_coverage"], shop=settings(touchpoints=[*RULES, PLACED])
    )
    assert rows(built, COVERAGE) == [
        ("events", "banner", 1, 0, 1, None, None),
        ("events", "product", 1, 1, 1, None, None),
        ("events", "unheard of", 1, 0, 0, None, None),
        ("orders", "order paid", 1, 0, 0, None, None),
        ("orders", "order placed", 3, 3, 3, 52.5, 52.5),
    ]


def test_revenue_of_orders_that_no_rule_places_has_no_stage() -> None:
    shop = settings(touchpoints=RULES, funnels=[{"id": "f", "name": "F", "steps": [{"touchpoint": "product"}]}])
    built = warehouse(order_rows=ORDERS, build=["metrics.stage_coverage"], shop=shop)
    assert rows(built, COVERAGE)[-1] == ("orders", "order placed", 3, 0, 0, 52.5, 0)
