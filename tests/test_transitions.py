"""Transitions: from stage to stage and from touchpoint to touchpoint, with loops, back-steps, beginnings and ends."""

from __future__ import annotations

from typing import Any

import duckdb
import pytest
from conftest import cases
from given import at, event, order, rows, settings, warehouse

DAY = 86400.0
# Not run: patterns of several steps (ch-sm-05, ch-sm-07): they count matches that do not overlap, transitions all.
CASES = cases("path_cases", "core")
NEXT_TOUCHPOINT = [case for case in CASES if "steps" in case.values[0]]
TIMES_OF_ONE = [case for case in CASES if len(case.values[0].get("pattern", [])) == 1]


def built(events: list[tuple[str, float, str]], **more: Any) -> duckdb.DuckDBPyConnection:
    """The transitions of people who did these events."""
    return warehouse(
        events=[event(*row, customer_id=None if row[0] != "a" else "c") for row in events],
        build=["metrics.transitions"],
        **more,
    )


def transitions(warehouse: duckdb.DuckDBPyConnection, kind: str, columns: str, journey_type: str = "all") -> Any:
    """Columns of the transitions of one kind, in a fixed order."""
    return rows(
        warehouse,
        f"select from_place, to_place, {columns} from metrics.transitions "
        f"where kind = '{kind}' and journey_type = '{journey_type}' "
        "order by from_place nulls first, to_place nulls first",
    )


def test_stages_that_follow_each_other_with_their_times_and_back_steps() -> None:
    found = built(
        [
            ("a", 0, "landing"),
            ("a", 10, "landing"),
            ("a", 30, "product"),
            ("a", 90, "landing"),
            ("b", 0, "landing"),
            ("b", 50, "product"),
        ]
    )
    columns = "person_count, journey_count, transition_count, median_seconds, is_back_step"
    assert transitions(found, "stage", columns) == [
        (None, "discovery", 2, 2, 2, None, False),
        ("consideration", None, 1, 1, 1, None, False),
        ("consideration", "discovery", 1, 1, 1, 60.0, True),
        ("discovery", None, 1, 1, 1, None, False),
        ("discovery", "consideration", 2, 2, 2, 40.0, False),
    ]


def test_the_same_touchpoint_again_is_a_loop_and_one_without_a_name_is_passed_over() -> None:
    found = built([("a", 0, "product"), ("a", 5, "unknown"), ("a", 10, "product"), ("a", 40, "landing")])
    assert transitions(found, "touchpoint", "transition_count, median_seconds, is_loop, is_back_step") == [
        (None, "product", 1, None, False, False),
        ("landing", None, 1, None, False, False),
        ("product", "landing", 1, 30.0, False, True),
        ("product", "product", 1, 10.0, True, False),
    ]


def test_the_end_of_a_journey_that_may_go_on_is_no_transition() -> None:
    events = [("a", 0, "landing"), ("a", 60, "product")]
    found = built(events, known_until=at(20 * DAY))
    assert transitions(found, "stage", "transition_count") == [
        (None, "discovery", 1),
        ("discovery", "consideration", 1),
    ]


def test_by_type_of_journey_the_times_add_up_and_people_are_counted_once_over_all() -> None:
    found = built(
        [("a", 0, "landing"), ("a", 60, "product"), ("a", 40 * DAY, "landing"), ("a", 40 * DAY + 20, "product")],
        order_rows=[order("#1", 40 * DAY + 60, customer_id="c")],
    )
    counts = "transition_count, person_count, journey_count, median_seconds"
    one_journey = ("discovery", "consideration", 1, 1, 1)
    assert (*one_journey, 60.0) in transitions(found, "stage", counts, "usage")
    assert (*one_journey, 20.0) in transitions(found, "stage", counts, "first purchase")
    assert ("discovery", "consideration", 2, 1, 2, 40.0) in transitions(found, "stage", counts)


def _alphabet(names: set[str]) -> Any:
    """A shop whose touchpoints are single letters, without stages; other events have no name."""
    rules = [{"touchpoint": name, "event": name} for name in sorted(names)]
    return settings(touchpoints=rules, funnels=[{"id": "f", "name": "F", "steps": [{"touchpoint": min(names)}]}])


@pytest.mark.parametrize("case", NEXT_TOUCHPOINT)
def test_the_next_or_previous_touchpoint_of_a_chain_as_others_find_it(case: dict[str, Any]) -> None:
    names = {name for _, _, name in case["events"] if name}
    found = warehouse(
        events=[event(who, when, name or "without a name") for who, when, name in case["events"]],
        build=["journeys.journey_touchpoints"],
        shop=_alphabet(names),
    )
    steps = rows(
        found,
        "select substr(identities.identifier, 11), steps.named_number, steps.touchpoint, steps.next_touchpoint "
        "from journeys.journey_touchpoints as steps join journeys.identities as identities using (person_id) "
        "where steps.touchpoint is not null and identities.identifier like 'anonymous:%' order by 1, 2",
    )
    for who, wanted in case["expected"]["next_event"].items():
        path = [(name, following) for person, _, name, following in steps if person == who]
        assert [following for _, following in path] == [name for name, _ in path[1:]] + [None]
        assert _beyond(path, case["steps"], case["semantics"]) == wanted, who


def _beyond(path: list[tuple[str, str | None]], chain: list[str], semantics: dict[str, str]) -> str | None:
    """The touchpoint beyond a chain of adjacent ones, from the case's anchor in the case's direction."""
    names = [name for name, _ in path]
    anchors = {"head": 0, "tail": len(names) - 1, "first_match": names.index(chain[0]) if chain[0] in names else -1}
    place, way = anchors[semantics["anchor"]], 1 if semantics["direction"] == "forward" else -1
    for wanted in chain:
        if not 0 <= place < len(names) or names[place] != wanted:
            return None
        last, place = place, place + way
    if way == 1:
        return path[last][1]
    return names[place] if place >= 0 else None


@pytest.mark.parametrize("case", TIMES_OF_ONE)
def test_the_times_of_one_touchpoint_are_its_transitions_on_or_to_the_end(case: dict[str, Any]) -> None:
    names = {name for _, _, name in case["events"]}
    found = built([(who, when, name) for who, when, name in case["events"]], shop=_alphabet(names))
    sought = case["pattern"][0]["event"]
    counts = [count for since, _, count in transitions(found, "touchpoint", "transition_count") if since == sought]
    assert sum(counts) == case["expected"]["matches"]
