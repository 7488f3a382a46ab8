"""Ideal and real: deviations of journeys from the path that journey.yaml intends, and who keeps to it."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest
from given import at, event, order, rows, settings, warehouse

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
ORDER_STATES = [
    {"touchpoint": "landing", "event": "landing", "stage": "discovery", "action": "view"},
    {"touchpoint": "placed", "source": "orders", "event": "order placed", "stage": "purchase"},
    {"touchpoint": "paid", "source": "orders", "event": "order paid"},
    {"touchpoint": "shipped", "source": "orders", "event": "order shipped"},
    {"touchpoint": "delivered", "source": "orders", "event": "order delivered"},
]
ONE_FUNNEL = [{"id": "f", "name": "F", "steps": [{"touchpoint": "landing"}]}]


def built(
    names: list[str],
    path: dict[str, Any] | None = None,
    orders: list[Any] = (),
    **sections: Any,
) -> duckdb.DuckDBPyConnection:
    """One customer who did these, a minute apart."""
    return warehouse(
        events=[event("device", i * MINUTE, name, customer_id="c") for i, name in enumerate(names)],
        order_rows=orders,
        build=["metrics.path_conformance"],
        shop=settings(path=path or {}, **sections),
    )


def deviations(*given: Any, columns: str = "kind, place, from_place, visit_number", **more: Any) -> list[Any]:
    """The deviations of the customer, in their order."""
    found = built(*given, **more)
    return rows(found, f"select {columns} from journeys.journey_deviations order by journey_id, deviation_number")


def test_a_journey_that_keeps_to_the_path_has_no_deviation() -> None:
    assert deviations(["landing", "landing", "product", "add", "checkout"]) == []


def test_required_stages_before_the_furthest_one_are_skipped_and_those_after_it_are_not() -> None:
    assert deviations(["product", "checkout"], columns="kind, place, from_place, visit_number, occurred_at") == [
        ("skip", "discovery", None, None, at(0)),
        ("skip", "cart", "consideration", None, at(MINUTE)),
    ]


def test_a_stage_that_is_entered_too_late_is_gone_back_to_and_not_skipped() -> None:
    assert deviations(["landing", "add", "product"]) == [("back", "consideration", "cart", 3)]


def test_going_back_and_forward_again_is_a_step_back_and_a_loop() -> None:
    names = ["landing", "product", "add", "product", "add"]
    assert deviations(names) == [("back", "consideration", "cart", 4), ("loop", "cart", "consideration", 5)]


def test_a_stage_that_is_entered_again_from_elsewhere_is_a_repeat() -> None:
    names = ["landing", "product", "add", "landing", "product"]
    assert deviations(names) == [("back", "discovery", "cart", 4), ("repeat", "consideration", "discovery", 5)]


def test_optional_stages_lead_neither_back_nor_into_a_loop() -> None:
    assert deviations(["landing", "help", "landing", "product", "help", "product"]) == []


def test_each_visit_to_a_forbidden_stage_is_one_and_its_skipping_is_none() -> None:
    path = {"stages": [{"stage": "consideration", "rule": "forbidden"}]}
    assert deviations(["landing", "product", "add", "product"], path) == [
        ("forbidden", "consideration", "discovery", 2),
        ("forbidden", "consideration", "cart", 4),
    ]
    assert deviations(["landing", "add"], path) == []


def test_an_optional_stage_of_the_path_is_not_skipped() -> None:
    path = {"stages": [{"stage": "consideration", "rule": "optional"}]}
    assert deviations(["landing", "add"], path) == []


def test_time_in_a_stage_is_late_beyond_its_maximum_over_all_visits() -> None:
    columns = "kind, place, from_place, occurred_at, seconds_beyond"
    names = ["landing", "help", "landing", "help", "landing", "product"]  # three minutes of landing
    path = {"stages": [{"stage": "discovery", "max_hours": 2.5 / 60}]}
    late = [("late", "discovery", None, at(4.5 * MINUTE), 30.0)]
    assert deviations(names, path, columns=columns) == late
    path = {"stages": [{"stage": "discovery", "max_hours": 3 / 60}]}
    assert deviations(names, path, columns=columns) == []


@pytest.mark.parametrize(("days", "expected"), [(2, []), (1, [("late", "shipped", "placed", at(DAY), DAY)])])
def test_time_between_two_states_of_an_order_is_late_beyond_its_maximum(days: float, expected: list[Any]) -> None:
    found = deviations(
        [],
        {"limits": [{"from": "placed", "to": "shipped", "max_days": days}]},
        [order("#1", 0, customer_id="c", shipped_at=at(2 * DAY))],
        columns="kind, place, from_place, occurred_at, seconds_beyond",
        touchpoints=ORDER_STATES,
        funnels=ONE_FUNNEL,
    )
    assert [row for row in found if row[0] == "late"] == expected


def test_time_between_two_stages_runs_from_entry_to_entry() -> None:
    path = {"limits": [{"from": "discovery", "to": "cart", "max_hours": 1 / 60}]}
    found = deviations(
        ["landing", "landing", "product", "add"], path, columns="kind, place_type, place, seconds_beyond"
    )
    assert found == [("late", "stage", "cart", 2 * MINUTE)]


def test_a_place_that_is_not_reached_is_not_late() -> None:
    path = {"limits": [{"from": "discovery", "to": "cart", "max_hours": 1 / 60}]}
    assert deviations(["landing", "landing", "landing"], path) == []


def states_out_of_order(**states: Any) -> list[Any]:
    """Deviations among the touchpoints of an order that should follow each other."""
    found = deviations(
        [],
        {"order": ["placed", "paid", "shipped", "delivered"]},
        [order("#1", 0, customer_id="c", **{state: at(when) for state, when in states.items()})],
        columns="kind, place, from_place, occurred_at, place_type",
        touchpoints=ORDER_STATES,
        funnels=ONE_FUNNEL,
    )
    return [row[:4] for row in found if row[4] == "touchpoint"]


def test_a_state_after_a_later_one_is_a_step_back_from_the_next_later_one() -> None:
    assert states_out_of_order(paid_at=2, shipped_at=1, delivered_at=3) == [("back", "paid", "shipped", at(2))]
    assert states_out_of_order(paid_at=3, shipped_at=1, delivered_at=2) == [("back", "paid", "shipped", at(3))]
    assert states_out_of_order(paid_at=2, delivered_at=1) == [("back", "paid", "delivered", at(2))]


def test_states_at_one_instant_and_missing_ones_are_in_order() -> None:
    assert states_out_of_order(paid_at=1, shipped_at=1) == []
    assert states_out_of_order(delivered_at=9) == []


def test_alternatives_share_a_place_in_the_order() -> None:
    names = {"path": {"order": ["landing", ["product", "add"], "checkout"]}}
    found = deviations(["landing", "checkout", "add"], names["path"], columns="place_type, kind, place, from_place")
    assert ("touchpoint", "back", "product, add", "checkout") in found


def test_the_journey_itself_lists_what_it_skipped_repeated_and_went_back_to() -> None:
    found = built(["product", "checkout", "product", "checkout", "help"])
    columns = (
        "skipped_stage_count, skipped_stages, repeated_stage_count, repeated_stages, back_step_count, "
        "gone_back_stages, deviation_count"
    )
    assert rows(found, f"select {columns} from journeys.journeys") == [
        (2, "discovery, cart", 2, "consideration, checkout", 1, "consideration", 4)
    ]


def test_channels_in_the_order_of_their_first_touchpoint_and_what_came_of_the_order() -> None:
    found = warehouse(
        events=[
            event("d", 0, "landing", customer_id="c", campaign_source="shop", campaign_medium="email"),
            event("d", MINUTE, "product", customer_id="c"),
            event("d", 3 * HOUR, "add", customer_id="c"),
        ],
        order_rows=[
            order("#1", 4 * HOUR, customer_id="c", value=25, delivered_at=at(2 * DAY), cancelled_at=at(5 * DAY))
        ],
        feedback=[
            {
                "answer_id": "a", "survey": "review", "answered_at": at(3 * DAY), "score": 5, "scale_low": 1,
                "scale_high": 5, "satisfied_from": 4, "order_id": "#1",
            }
        ],
        tickets=[{"ticket_id": "t", "created_at": at(4 * DAY), "customer_id": "c"}],
        build=["journeys.journeys"],
    )  # fmt: skip
    assert rows(found, "select channel_count, channels from journeys.journeys") == [
        (4, "e-mail, direct, survey, support")
    ]
    outcome = "order_count, net_revenue, delivered_order_count, late_order_count, undone_order_count"
    assert rows(found, f"select {outcome}, ticket_count, answer_count from journeys.journeys") == [
        (1, 0, 1, 0, 1, 1, 1)
    ]


def test_conformance_of_the_journeys_that_are_over() -> None:
    good, bad = ["landing", "product", "add"], ["product", "landing"]
    people = [("a", good), ("b", bad), ("c", bad), ("d", good)]
    found = warehouse(
        events=[
            event(who, (50 * DAY if who == "d" else 0) + i * MINUTE, name)
            for who, names in people
            for i, name in enumerate(names)
        ],
        build=["metrics.path_conformance"],
        known_until=at(60 * DAY),
    )
    columns = "kind, place, from_place, journey_count, deviating_count, conforming_count, deviation_count"
    assert rows(
        found, f"select {columns} from metrics.path_conformance where journey_type = 'usage' order by kind"
    ) == [
        ("all", "all", None, 3, 2, 1, 2),
        ("back", "discovery", "consideration", 3, 2, 1, 2),
    ]
    rate = rows(
        found,
        "select round(conforming_rate, 4), round(conforming_low, 4), round(conforming_high, 4), is_small "
        "from metrics.path_conformance where journey_type = 'all' and kind = 'all'",
    )
    assert rate == [(0.3333, 0.0615, 0.7923, True)]


def test_a_stage_that_no_export_can_show_is_held_against_nobody() -> None:
    rules = [
        {"touchpoint": "landing", "source": "events", "event": "landing", "stage": "discovery"},
        {"touchpoint": "placed", "source": "orders", "event": "order placed", "stage": "purchase"},
    ]
    found = warehouse(
        order_rows=[order("#1", 0, customer_id="c")],
        build=["metrics.path_conformance"],
        without=["events"],
        shop=settings(touchpoints=rules, funnels=ONE_FUNNEL),
        known_until=at(90 * DAY),
    )
    assert rows(found, "select count(*) from journeys.journey_deviations where kind = 'skip'") == [(4,)]
    assert rows(found, "select distinct kind, conforming_count from metrics.path_conformance") == [("all", 1)]
