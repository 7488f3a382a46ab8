"""Passing a stage of the map within so many days: by hand, and against a plain count over random journeys."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import Any

import duckdb
import pytest
from given import at, event, examples, order, rows, settings, warehouse
from hypothesis import HealthCheck, given
from hypothesis import settings as budget
from hypothesis import strategies as st

DAY, HOUR = 86400.0, 3600.0
STAGES = ("discovery", "consideration", "cart", "checkout", "purchase")
EVENTS = ("landing", "product", "add", "checkout", "help")
DAYS = 5


def passages(built: duckdb.DuckDBPyConnection, stage: str, columns: str) -> list[tuple[Any, ...]]:
    return rows(built, f"select {columns} from metrics.kpi_attempts where kpi = 'stage_passage:{stage}' order by all")


def test_a_journey_is_past_a_stage_with_the_first_touchpoint_in_a_later_required_one_within_so_many_days() -> None:
    built = warehouse(
        events=[
            event("quick", 0, "add", customer_id="quick"),
            event("quick", DAY, "checkout", customer_id="quick"),
            event("late", 0, "add", customer_id="late"),
            event("late", (DAYS + 1) * DAY, "checkout", customer_id="late"),
            # Help is optional: nobody gets past a cart by asking for it.
            event("asks", 0, "add", customer_id="asks"),
            event("asks", HOUR, "help", customer_id="asks"),
            # Skips the cart: reaches it with the checkout, and is past it at once.
            event("skips", 0, "product", customer_id="skips"),
            event("skips", 2 * DAY, "checkout", customer_id="skips"),
            event("open", 16 * DAY, "add", customer_id="open"),
        ],
        build=["metrics.kpi_attempts"],
        known_until=at(20 * DAY),
        shop=settings(measures={"stage_days": DAYS}),
    )
    columns = "happened_on - date '2026-01-05', outcome"
    assert passages(built, "cart", columns) == [
        (0, "converted"),
        (0, "dropped"),
        (0, "dropped"),
        (2, "converted"),
        (16, "open"),
    ]
    assert passages(built, "discovery", columns) == [
        *((0, "converted") for _ in range(4)),
        (16, "open"),
    ]
    assert passages(built, "purchase", "*") == [], "the last stage has nothing to go on to"


def test_a_journey_that_began_before_all_is_known_is_in_no_rate() -> None:
    built = warehouse(
        events=[event("d", 0, "product", customer_id="c"), event("d", 2 * DAY, "add", customer_id="c")],
        order_rows=[order("#1", 4 * DAY, customer_id="c")],
        build=["metrics.kpi_attempts"],
        known_until=at(30 * DAY),
        known_from={"events": at(0), "order_rows": at(DAY)},
    )
    assert passages(built, "cart", "outcome, denominator") == [("uncovered", 0)]


def test_a_stage_that_the_exports_can_not_show_is_passed_over() -> None:
    # Without orders and with purchases by no event, the checkout is the last that is seen.
    shop = settings(
        touchpoints=[
            {"touchpoint": "product", "event": "product", "stage": "consideration"},
            {"touchpoint": "checkout", "event": "checkout", "stage": "checkout"},
            {"touchpoint": "order placed", "source": "orders", "event": "order placed", "stage": "purchase"},
        ]
    )
    built = warehouse(
        events=[event("d", n * 60, name) for n, name in enumerate(("product", "checkout"))],
        build=["metrics.stage_passages"],
        shop=shop,
        without=["order_rows"],
    )
    assert rows(built, "select stage, passed_at - reached_at from metrics.stage_passages") == [
        ("consideration", timedelta(minutes=1))
    ]


@pytest.mark.random
@budget(max_examples=examples(4, 40), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.tuples(st.integers(1, 4), st.integers(0, 60 * 24), st.sampled_from((*EVENTS, "order"))),
        min_size=1,
        max_size=30,
    )
)
def test_equal_to_a_plain_count_over_the_touchpoints_of_each_journey(drawn: list[tuple[int, int, str]]) -> None:
    built = warehouse(
        events=[
            event(f"d{who}", hour * HOUR + n, name, customer_id=f"c{who}")
            for n, (who, hour, name) in enumerate(drawn)
            if name != "order"
        ],
        order_rows=[
            order(f"#{n}", hour * HOUR + n, customer_id=f"c{who}")
            for n, (who, hour, name) in enumerate(drawn)
            if name == "order"
        ],
        build=["metrics.kpi_attempts", "metrics.stage_drop_off"],
        known_until=at(60 * DAY),
        shop=settings(measures={"stage_days": DAYS}),
    )
    touched: dict[str, list[tuple[datetime, str]]] = defaultdict(list)
    for journey_id, occurred_at, stage in rows(
        built, "select journey_id, occurred_at, stage from journeys.journey_touchpoints where stage is not null"
    ):
        touched[journey_id].append((occurred_at, stage))
    measured = [stage for stage in STAGES if stage in {row[0] for row in rows(built, "from metrics.measured_stages")}]
    expected = []
    for number, stage in enumerate(measured[:-1]):
        for journey_id, touches in touched.items():
            reached = [instant for instant, other in touches if other in measured[number:]]
            past = [instant for instant, other in touches if other in measured[number + 1 :]]
            if reached:
                is_past = bool(past) and min(past) - min(reached) <= timedelta(days=DAYS)
                is_over = min(reached) + timedelta(days=DAYS) <= at(60 * DAY)
                outcome = "open" if not is_over else "converted" if is_past else "dropped"
                expected.append((f"stage_passage:{stage}", journey_id, min(reached).date(), outcome))
    found = rows(
        built,
        "select kpi, attempt_id, happened_on, outcome from metrics.kpi_attempts "
        "where starts_with(kpi, 'stage_passage') and outcome <> 'uncovered'",
    )
    assert sorted(found) == sorted(expected)
    # The map counts the same journeys at each stage.
    reached_counts = dict(rows(built, "select stage, reached_count from metrics.stage_drop_off"))
    for stage in measured[:-1]:
        assert sum(row[0] == f"stage_passage:{stage}" for row in found) == reached_counts[stage]
