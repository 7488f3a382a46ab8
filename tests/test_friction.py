"""Friction signals: given what a person did, then which touchpoint shows what, at each rule's boundary."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import duckdb
import pytest
from given import Row, at, event, order, rows, settings, warehouse

from parcours.engine.checks import read_checks, run_check
from parcours.project import ROOT, load_project
from parcours.settings.schema import JourneySettings

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
SEARCH = {"touchpoint": "search", "event": "search", "stage": "discovery", "action": "search"}
Visit = tuple[Any, ...]


def shop_with(*rules: dict[str, str]) -> JourneySettings:
    """The test shop with a search, and with more rules before its own."""
    own = [rule.model_dump() for rule in settings().touchpoints]
    return settings(touchpoints=[*rules, SEARCH, *own])


def friction(
    visits: Sequence[Visit],
    *,
    tickets: Sequence[Row] = (),
    order_rows: Sequence[Row] = (),
    shop: JourneySettings | None = None,
) -> duckdb.DuckDBPyConnection:
    """A warehouse in which the customer c did this: (id, seconds, event) or with more columns."""
    return warehouse(
        events=[
            event("d", when, name, event_id=key, **{"customer_id": "c", **dict(*more)})
            for key, when, name, *more in visits
        ],
        tickets=[{"customer_id": "c", **ticket} for ticket in tickets],
        order_rows=order_rows,
        shop=shop or shop_with(),
        build=["journeys.session_friction", "journeys.sessions"],
    )


def signals(visits: Sequence[Visit], **more: Any) -> list[tuple[str, str]]:
    """Which event shows what."""
    found = rows(friction(visits, **more), "select touchpoint_id, signal from journeys.friction_signals order by all")
    return [(key.removeprefix("event:"), signal) for key, signal in found]


# Errors and payments


def test_an_error_in_the_checkout_is_a_failed_payment_and_one_elsewhere_is_an_error() -> None:
    broken = {"touchpoint": "broken page", "event": "broken", "stage": "discovery", "action": "error"}
    visits = [("a", 0, "failed"), ("b", 60, "broken")]
    found = signals(visits, shop=shop_with(broken))
    assert found == [("a", "payment_failure"), ("b", "back_step"), ("b", "error")]


def test_an_error_that_names_a_payment_method_is_a_failed_payment_wherever_it_is() -> None:
    broken = {"touchpoint": "refused", "event": "refused", "action": "error"}
    visits = [("a", 0, "refused", {"payment_method": "card"}), ("b", 60, "refused")]
    assert signals(visits, shop=shop_with(broken)) == [("a", "payment_failure"), ("b", "error")]


def test_the_stages_of_the_checkout_are_those_that_have_a_rule_with_that_action() -> None:
    paying = {"touchpoint": "card form", "event": "card form", "stage": "purchase", "action": "checkout"}
    failed = {"touchpoint": "refused", "event": "refused", "stage": "purchase", "action": "error"}
    assert signals([("a", 0, "refused")], shop=shop_with(paying, failed)) == [("a", "payment_failure")]
    assert signals([("a", 0, "refused")], shop=shop_with(failed)) == [("a", "error")]


def test_an_error_off_the_site_has_no_session() -> None:
    late = {"touchpoint": "cancelled", "source": "orders", "event": "order cancelled", "action": "error"}
    built = friction([], order_rows=[order("#1", 0, customer_id="c", cancelled_at=at(DAY))], shop=shop_with(late))
    found = rows(built, "select session_id, occurred_at, touchpoint, signal from journeys.friction_signals")
    assert found == [(None, at(DAY), "cancelled", "error")]
    assert rows(built, "from journeys.session_friction") == []


# The same action again and again


@pytest.mark.parametrize(
    ("instants", "expected"),
    [
        ([0, 5, 10], [("2", "rage_repeat")]),  # exactly 10 s
        ([0, 5, 10.000001], []),
        ([0, 10], []),  # twice is no rage
        ([0, 0, 0], [("2", "rage_repeat")]),  # simultaneous
        ([0, 1, 2, 3, 4, 5], [("2", "rage_repeat")]),  # one episode, one signal, however many clicks
        ([0, 5, 10, 15, 20, 25], [("2", "rage_repeat")]),  # each a third within 10 s: still the same episode
        ([0, 1, 2, 30, 31, 32], [("2", "rage_repeat"), ("5", "rage_repeat")]),  # two episodes
        ([0, 1, 2, 11.5, 12.5, 13.5], [("2", "rage_repeat"), ("5", "rage_repeat")]),  # 11.5 and 12.5 are no third
    ],
)
def test_the_same_action_three_times_within_ten_seconds(instants: list[float], expected: list[Any]) -> None:
    assert signals([(str(i), when, "product") for i, when in enumerate(instants)]) == expected


@pytest.mark.parametrize("column", ["product_id", "url_path"])
def test_another_product_or_page_is_another_action(column: str) -> None:
    assert signals([(str(i), i, "product", {column: f"/{i}"}) for i in range(3)]) == []
    assert signals([(str(i), i, "product", {column: "/1"}) for i in range(3)]) == [("2", "rage_repeat")]


def test_other_actions_in_between_do_not_calm_a_repeat() -> None:
    visits = [(f"{i}{name}", i, name) for i in range(3) for name in ("add", "remove")]
    assert signals(visits) == [("2add", "rage_repeat"), ("2remove", "rage_repeat")]


def test_three_people_are_not_one_person_three_times() -> None:
    assert signals([(str(i), i, "product", {"customer_id": f"c{i}", "anonymous_id": f"d{i}"}) for i in range(3)]) == []


def test_a_session_cut_between_repeats_parts_them() -> None:
    visits = [(str(i), when, "product") for i, when in enumerate([0, HOUR - 4, HOUR - 2, HOUR, HOUR + 2])]
    shop = shop_with()
    shop.sessions.timeout_minutes = 120
    assert signals(visits, shop=shop) == [("3", "rage_repeat")]
    shop.sessions.maximum_hours = 1
    assert signals(visits, shop=shop) == []


def test_what_a_server_sends_is_nobodys_rage() -> None:
    assert signals([(str(i), i, "product", {"is_person_caused": False}) for i in range(3)]) == []


def test_an_error_met_three_times_is_three_failed_payments_and_one_episode() -> None:
    assert signals([(str(i), i, "failed") for i in range(3)]) == [
        ("0", "payment_failure"),
        ("1", "payment_failure"),
        ("2", "payment_failure"),
        ("2", "rage_repeat"),
    ]


# Searching again


@pytest.mark.parametrize(
    ("between", "expected"),
    [
        ([], [("b", "repeated_search")]),
        (["landing"], [("b", "repeated_search")]),  # a list or a page that names no product
        (["help"], [("b", "repeated_search")]),  # a later stage, but an optional one
        (["remove"], [("b", "repeated_search")]),
        (["product"], []),  # a view of a later required stage
        (["add"], []),
        (["checkout"], []),
        (["landing", "product", "landing"], []),
    ],
)
def test_a_search_after_a_search_that_found_nothing(between: list[str], expected: list[Any]) -> None:
    steps = [("a", 0, "search"), *((f"x{i}", 60 + i, name) for i, name in enumerate(between)), ("b", 120, "search")]
    assert [found for found in signals(steps) if found[1] == "repeated_search"] == expected


def test_a_view_that_names_a_product_is_a_find_in_whatever_stage() -> None:
    visits = [("a", 0, "search"), ("b", 60, "landing", {"product_id": "mug"}), ("c", 120, "search")]
    assert signals(visits) == []


def test_a_first_search_or_one_of_a_later_session_is_no_repeat() -> None:
    assert signals([("a", 0, "search"), ("b", 30 * MINUTE + 0.000001, "search")]) == []
    assert signals([("a", 0, "search"), ("b", 30 * MINUTE, "search")]) == [("b", "repeated_search")]


def test_every_search_after_the_first_is_a_repeat() -> None:
    visits = [(key, 60 * i, "search") for i, key in enumerate("abc")]
    assert signals(visits) == [("b", "repeated_search"), ("c", "repeated_search")]


def test_a_search_still_counts_as_a_view_of_its_session() -> None:
    built = friction([("a", 0, "search"), ("b", 1, "landing")])
    assert rows(built, "select view_count, is_engaged from journeys.sessions") == [(2, True)]


# Going back


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["product", "add", "product"], [("2", "back_step")]),
        (["product", "product", "add"], []),
        (["checkout", "unknown", "product"], [("2", "back_step")]),  # what has no stage is passed over
        (["checkout", "product", "landing"], [("1", "back_step"), ("2", "back_step")]),
        (["unknown", "landing"], []),
    ],
)
def test_a_stage_earlier_than_the_one_before(names: list[str], expected: list[Any]) -> None:
    assert signals([(str(i), 60 * i, name) for i, name in enumerate(names)]) == expected


def test_a_new_session_is_no_step_back() -> None:
    assert signals([("a", 0, "checkout"), ("b", HOUR, "landing")]) == []


def test_simultaneous_touchpoints_go_forward_unless_the_source_numbers_them() -> None:
    assert signals([("a", 0, "checkout"), ("b", 0, "product")]) == []
    numbered = [("a", 0, "checkout", {"sequence": 1}), ("b", 0, "product", {"sequence": 2})]
    assert signals(numbered) == [("b", "back_step")]


def test_a_step_back_says_from_where() -> None:
    built = friction([("a", 0, "checkout"), ("b", 60, "product")])
    assert rows(built, "select stage, detail from journeys.friction_signals") == [("consideration", "checkout")]


# Asking for help


@pytest.mark.parametrize(("later", "expected"), [(DAY, [("b", "support_contact")]), (DAY + 0.000001, [])])
def test_the_last_touchpoint_on_the_site_before_a_ticket_within_a_day(later: float, expected: list[Any]) -> None:
    visits = [("a", -60, "product"), ("b", 0, "add"), ("c", 2 * DAY, "landing")]
    assert signals(visits, tickets=[{"ticket_id": "t", "created_at": at(later)}]) == expected


@pytest.mark.parametrize(("later", "expected"), [(DAY, [("a", "support_contact")]), (DAY + 0.000001, [])])
def test_a_visit_to_the_help_pages_is_asking_for_help(later: float, expected: list[Any]) -> None:
    assert signals([("a", 0, "product"), ("b", later, "help")]) == expected


def test_help_pages_and_then_a_ticket_are_one_signal_on_what_came_before_both() -> None:
    visits = [("a", 0, "product"), ("b", 60, "help"), ("c", 120, "help")]
    assert signals(visits, tickets=[{"ticket_id": "t", "created_at": at(HOUR)}]) == [("a", "support_contact")]


def test_a_touchpoint_and_a_ticket_at_one_instant_are_in_this_order() -> None:
    assert signals([("a", 0, "add")], tickets=[{"ticket_id": "t", "created_at": at(0)}]) == [("a", "support_contact")]


def test_what_the_shop_does_is_not_asking_for_help() -> None:
    solved = {"ticket_id": "t", "created_at": at(-DAY), "solved_at": at(HOUR)}
    cancelled = {"touchpoint": "cancelled", "source": "orders", "event": "order cancelled", "stage": "support"}
    bought = order("#1", 60, customer_id="c", cancelled_at=at(HOUR))
    assert signals([("a", 0, "add")], tickets=[solved], order_rows=[bought], shop=shop_with(cancelled)) == []


def test_the_ticket_of_somebody_else_says_nothing() -> None:
    assert signals([("a", 0, "add")], tickets=[{"ticket_id": "t", "created_at": at(60), "customer_id": "other"}]) == []


def test_a_request_for_help_says_how() -> None:
    ticket = {"ticket_id": "t", "created_at": at(DAY)}
    built = friction([("a", 0, "product"), ("b", 60, "help"), ("c", 120, "add")], tickets=[ticket])
    query = "select touchpoint_id, detail from journeys.friction_signals where signal = 'support_contact' order by all"
    assert rows(built, query) == [("event:a", "on site"), ("event:c", "ticket")]


# Sessions


def test_a_session_counts_its_signals_and_one_without_any_has_no_row() -> None:
    visits = [
        ("a", 0, "search"),
        ("b", 10, "search"),
        ("c", 20, "checkout"),
        ("d", 21, "failed"),
        ("e", 22, "failed"),
        ("f", 23, "failed"),
        ("g", 90, "landing"),
        ("h", 100, "help"),
        ("later", HOUR, "landing"),
    ]
    built = friction(visits)
    columns = (
        "payment_failure_count, error_count, rage_repeat_count, repeated_search_count, support_contact_count, "
        "friction_count, back_step_count, first_friction_at"
    )
    assert rows(built, f"select {columns} from journeys.session_friction") == [(3, 0, 1, 1, 1, 6, 1, at(10))]
    assert rows(built, "select count(*) from journeys.sessions") == [(2,)]


def test_the_check_finds_an_error_that_is_no_signal() -> None:
    built = friction([("a", 0, "failed"), ("b", 60, "failed")])
    (check,) = (c for c in read_checks(ROOT / "sql" / "checks") if c.name == "errors_are_friction")
    assert run_check(built, check).offending_count == 0
    built.execute("update journeys.session_friction set payment_failure_count = 1")
    assert run_check(built, check).offending_count == 1
    built.execute("delete from journeys.session_friction")
    assert run_check(built, check).offending_count == 1


def test_the_shops_own_journey_says_what_a_search_is() -> None:
    rules = {rule.touchpoint: rule.action for rule in load_project(ROOT / "journey.yaml").settings.touchpoints}
    assert rules["search"] == "search"
