"""Transitions: from stage to stage, touchpoint to touchpoint, channel to channel, with loops, back-steps and ends."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise, product
from math import sqrt
from pathlib import Path
from typing import Any

import duckdb
import pytest
from conftest import cases
from given import at, event, examples, order, rows, settings, warehouse
from hypothesis import given as drawn
from hypothesis import settings as how
from hypothesis import strategies as st

from parcours.project import ROOT
from parcours.warehouse.functions import write_functions

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


def test_channels_of_the_sessions_that_follow_each_other() -> None:
    mail, ads = ({"campaign_medium": medium, "campaign_source": "x"} for medium in ("email", "cpc"))
    found = warehouse(
        events=[
            event("a", 0, "landing", **mail, customer_id="c"),
            event("a", 60, "product", customer_id="c"),
            event("a", 3600, "landing", **ads, customer_id="c"),
            event("a", 7200, "landing", **mail, customer_id="c"),
            event("a", 7260, "checkout", customer_id="c"),  # cut by the purchase: its rest is in the same journey
            event("a", 7400, "purchased", customer_id="c"),
            event("a", 14400, "help", **mail, customer_id="c"),
            event("b", 0, "landing", **ads),
        ],
        order_rows=[order("#1", 7300, customer_id="c", paid_at=at(9000))],
        tickets=[{"ticket_id": "t", "customer_id": "c", "created_at": at(10000)}],
        build=["metrics.transitions", "metrics.next_channels"],
    )
    assert transitions(found, "channel", "transition_count, median_seconds, is_loop, is_back_step") == [
        (None, "e-mail", 1, None, False, False),
        (None, "paid search", 1, None, False, False),
        ("e-mail", None, 1, None, False, False),
        ("e-mail", "e-mail", 1, 7200.0, True, False),
        ("e-mail", "paid search", 1, 3600.0, False, False),
        ("paid search", None, 1, None, False, False),
        ("paid search", "e-mail", 1, 3600.0, False, False),
    ]
    assert rows(
        found,
        "select channel, next_channel, next_count, followed_count, next_share, third_count, back_count, back_share "
        "from metrics.next_channels order by 1, 2",
    ) == [
        ("e-mail", "e-mail", 1, 2, 0.5, None, None, None),
        ("e-mail", "paid search", 1, 2, 0.5, 1, 1, 1.0),
        ("paid search", "e-mail", 1, 1, 1.0, 1, 0, 0.0),
    ]
    # Two sessions of one journey are worth one.
    assert (
        rows(found, "select next_low, next_high from metrics.next_channels where channel = 'e-mail'")
        == [pytest.approx(interval(1, [2]), abs=1e-6)] * 2
    )


CHANNELS = ("ads", "direct", "mail")
NEXT_SQL = Path(ROOT, "sql/metrics/next_channels.sql").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def chained() -> duckdb.DuckDBPyConnection:
    """What the table of next channels reads, empty."""
    connection = duckdb.connect()
    connection.execute(
        """
        create schema settings; create schema journeys;
        create table settings.shop as select 3 as small_cell;
        create table journeys.journey_sessions (
            journey_id text, person_id text, visit_number bigint, channel text, next_channel text
        );
        """
    )
    write_functions(connection, "memory")
    return connection


@pytest.mark.random
@how(max_examples=examples(40, 1500), deadline=None)
@drawn(st.lists(st.lists(st.sampled_from(CHANNELS), min_size=1, max_size=6), max_size=12))
def test_next_channels_are_those_of_a_plain_walk(chained: duckdb.DuckDBPyConnection, journeys: list[list[str]]) -> None:
    chained.execute("delete from journeys.journey_sessions")
    lines = [
        (f"j{number}", f"p{number % 5}", place + 1, channel, following)
        for number, path in enumerate(journeys)
        for place, (channel, following) in enumerate(zip(path, [*path[1:], None], strict=True))
    ]
    if lines:
        marks = ", ".join(["(?, ?, ?, ?, ?)"] * len(lines))
        chained.execute(
            f"insert into journeys.journey_sessions values {marks}", [value for line in lines for value in line]
        )
    found = chained.execute(
        "select channel, next_channel, next_count, journey_count, followed_count, followed_journey_count, next_share, "
        f"next_low, next_high, third_count, back_count, back_low, back_high, is_small, is_back_small from ({NEXT_SQL})"
    ).fetchall()
    walked = {}
    for one, other in product(CHANNELS, CHANNELS):
        after = [sum(channel == one for channel in path[:-1]) for path in journeys]
        pairs = [[pair == (one, other) for pair in pairwise(path)] for path in journeys]
        if not any(map(any, pairs)):
            continue
        thirds = [sum(path[place : place + 2] == [one, other] for place in range(len(path) - 2)) for path in journeys]
        backs = [
            sum(path[place : place + 3] == [one, other, one] for place in range(len(path) - 2)) for path in journeys
        ]
        people, third_people = (
            {number % 5 for number, count in enumerate(counts) if count} for counts in (after, thirds)
        )
        times = sum(map(sum, pairs))
        is_same = one == other
        walked[one, other] = (
            *(times, sum(map(any, pairs)), sum(after), sum(map(bool, after)), times / sum(after)),
            *interval(times, after),
            *((None, None, None, None) if is_same else (sum(thirds), sum(backs), *interval(sum(backs), thirds))),
            *(len(people) < 3, len(third_people) < 3),
        )
    assert {(one, other): pytest.approx(rest, abs=1e-6) for one, other, *rest in found} == {
        pair: [*rest] for pair, rest in walked.items()
    }
    shares: Counter[str] = Counter()
    for one, _, _, _, _, _, share, *_ in found:
        shares[one] += share
    assert all(total == pytest.approx(1) for total in shares.values())


def interval(counted: int, by_journey: list[int]) -> tuple[float | None, float | None]:
    """Wilson's 95 % of a count, of as many as these journeys' are worth."""
    whole, z = sum(by_journey), 1.959964
    if not whole:
        return None, None
    n = whole**2 / sum(count**2 for count in by_journey)
    x = n * counted / whole
    middle, spread = x + z * z / 2, z * sqrt(x * (n - x) / n + z * z / 4)
    return (middle - spread) / (n + z * z), (middle + spread) / (n + z * z)


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
