"""What those did instead who dropped at a step or a stage: each outcome by hand, and all against plain Python."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import duckdb
import pytest
from given import answer, at, event, examples, order, rows, warehouse
from hypothesis import HealthCheck, given
from hypothesis import settings as budget
from hypothesis import strategies as st

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
TABLE = "metrics.drop_off_next"

# What each did after putting product 1 into the cart, and: the outcome, whether they came back, whether they ordered.
DEEDS: dict[str, tuple[list[tuple[float, str]], tuple[str, bool, bool]]] = {
    "help page": ([(MINUTE, "help"), (2 * MINUTE, "product 2")], ("contacted support", False, False)),
    "ticket in time": ([(24 * HOUR, "ticket")], ("contacted support", True, False)),
    "ticket too late": ([(24 * HOUR + 1, "ticket")], ("later session", True, False)),
    "help page next day": ([(20 * HOUR, "help")], ("contacted support", True, False)),
    "help page too late": ([(2 * DAY, "help")], ("later session", True, False)),
    "another product": ([(MINUTE, "product 2"), (DAY, "landing")], ("another product", True, False)),
    "the same product": ([(MINUTE, "product 1")], ("earlier stage", False, False)),
    "an earlier stage": ([(MINUTE, "landing")], ("earlier stage", False, False)),
    "both": ([(MINUTE, "landing"), (2 * MINUTE, "product 2")], ("another product", False, False)),
    "later session": ([(2 * DAY, "product 2")], ("later session", True, False)),
    "ordered after all": ([(20 * DAY, "order")], ("later session", True, True)),
    "answered": ([(3 * DAY, "answer")], ("later session", True, False)),
    "at the end of the time": ([(30 * DAY, "landing")], ("later session", True, False)),
    "after the time": ([(30 * DAY + 1, "landing")], ("left", False, False)),
    "nothing": ([], ("left", False, False)),
    "stays": ([(MINUTE, "remove")], ("left", False, False)),
}


def done(who: str, when: float, name: str) -> dict[str, Any]:
    name, _, product = name.partition(" ")
    return {**event(who, when, name, customer_id=who), **({"product_id": product} if product else {})}


@pytest.fixture(scope="module")
def by_hand() -> duckdb.DuckDBPyConnection:
    begins = dict.fromkeys(DEEDS, 0.0) | {"open": 50 * DAY, "uncovered": -5 * DAY}
    deeds = [(who, when, name) for who, (some, _) in DEEDS.items() for when, name in some]
    return warehouse(
        events=[
            *(done(who, since - minutes * MINUTE, name) for who, since in begins.items()
              for minutes, name in ((1, "product 1"), (0, "add 1"))),
            *(done(*one) for one in deeds if one[2] not in ("ticket", "order", "answer")),
        ],
        order_rows=[order(f"#{who}", when, customer_id=who) for who, when, name in deeds if name == "order"],
        tickets=[
            {"ticket_id": who, "created_at": at(when), "customer_id": who}
            for who, when, name in deeds
            if name == "ticket"
        ],
        feedback=[answer(who, when, 5, customer_id=who) for who, when, name in deeds if name == "answer"],
        build=[TABLE],
        known_until=at(61 * DAY),
        known_from={"tickets": at(-DAY), "events": at(-9 * DAY), "order_rows": at(-9 * DAY)},
    )  # fmt: skip


def outcomes(connection: duckdb.DuckDBPyConnection, place_type: str, place: str) -> dict[str, Any]:
    found = rows(
        connection,
        "select people.customer, dropped.outcome, dropped.is_returned, dropped.is_ordered "
        "from metrics.dropped_units as dropped inner join (select person_id, replace(min(identifier), 'customer:', '') "
        "as customer from journeys.identities where starts_with(identifier, 'customer:') group by person_id) as people "
        f"on dropped.person_id = people.person_id where place_type = '{place_type}' and place = '{place}'",
    )
    return {row[0]: row[1:] for row in found}


def test_each_who_dropped_at_a_step_did_one_of_these_instead(by_hand: Any) -> None:
    expected = {who: outcome for who, (_, outcome) in DEEDS.items()}
    found = outcomes(by_hand, "step", "checkout")
    assert {who: found[who] for who in expected} == expected
    assert (found["open"][0], found["uncovered"][0], len(found)) == ("open", "uncovered", len(DEEDS) + 2)


def test_each_journey_that_dropped_at_a_stage_did_one_of_these_after_it_was_last_there(by_hand: Any) -> None:
    # An order and a review are in the stage of the purchase; who began fifty days later may still go on.
    passed = ("ordered after all", "answered")
    expected = {who: outcome for who, (_, outcome) in DEEDS.items() if who not in passed}
    assert outcomes(by_hand, "stage", "cart") == expected | {"uncovered": ("uncovered", False, False)}


def test_the_outcomes_of_a_place_add_up_and_rates_are_of_those_of_whom_it_is_known(by_hand: Any) -> None:
    columns = "outcome, dropped_count, unit_count, returned_count, ordered_count, dropped_share, outcome_rate, is_small"
    of_step = f"from {TABLE} where place_type = 'step' and place_number = 3"
    found = rows(by_hand, f"select {columns} {of_step} order by all")
    assert found == [
        (outcome, 18, count, returned, ordered, count / 18, rate and count / 16, True)
        for outcome, count, returned, ordered, rate in (
            ("another product", 2, 1, 0, True),
            ("contacted support", 3, 2, 0, True),
            ("earlier stage", 2, 0, 0, True),
            ("later session", 6, 6, 1, True),
            ("left", 3, 0, 0, True),
            ("open", 1, 0, 0, None),
            ("uncovered", 1, 0, 0, None),
        )
    ]
    interval = rows(by_hand, f"select outcome_low, outcome_high {of_step} and outcome = 'left'")
    assert interval == [pytest.approx((0.0659, 0.4301), abs=1e-4)]


def test_where_nobody_drops_nobody_did_anything(by_hand: Any) -> None:
    of_step = f"from {TABLE} where place_type = 'step' and place_number = 2"
    assert rows(by_hand, f"select sum(unit_count), max(dropped_share), count(*) {of_step}") == [(0, None, 7)]


# By random logs.

EVENTS = ("landing", "product 1", "product 2", "add 1", "checkout", "help")
STAGES = ["discovery", "consideration", "cart", "checkout", "purchase"]
STAGE_OF = {"landing": 0, "product": 1, "add": 2, "checkout": 3, "order": 4}
Drawn = list[tuple[int, int, str]]
Act = tuple[datetime, str, str | None]
"""When, what, and the session that it is in."""


def of_drawn(drawn: Drawn, until: float) -> duckdb.DuckDBPyConnection:
    known = [(f"c{who}", minute * 12 * MINUTE + n, name, n) for n, (who, minute, name) in enumerate(drawn)]
    known = [one for one in known if one[1] <= until]
    return warehouse(
        events=[done(who, when, name) for who, when, name, _ in known if name not in ("order", "ticket")],
        order_rows=[order(f"#{n}", when, customer_id=who) for who, when, name, n in known if name == "order"],
        tickets=[
            {"ticket_id": f"t{n}", "created_at": at(when), "customer_id": who}
            for who, when, name, n in known
            if name == "ticket"
        ],
        build=[TABLE],
        known_until=at(until),
    )


def slow_outcome(
    acts: list[tuple[Any, ...]], dropped_at: datetime, stage: int, until: datetime
) -> tuple[str, bool, bool]:
    """What a person did after an instant, act by act: (when, what, product, session)."""
    later = [one for one in acts if dropped_at < one[0] <= dropped_at + timedelta(days=30)]
    begun = {one[3] for one in acts if one[0] <= dropped_at and one[3]}
    seen = {(one[3], one[2]) for one in acts if one[0] <= dropped_at and one[2]}
    returned = any(one[3] not in begun for one in later)
    ordered = any(one[1] == "order" for one in later)
    same = [one for one in later if one[3] in begun]
    soon = [one for one in later if one[0] <= dropped_at + timedelta(hours=24)]
    if until <= dropped_at + timedelta(days=30):
        outcome = "open"
    elif any(one[1] == "help" for one in same) or any(one[1] in ("help", "ticket") for one in soon):
        outcome = "contacted support"
    elif any(one[2] and (one[3], one[2]) not in seen and any(session == one[3] for session, _ in seen) for one in same):
        outcome = "another product"
    elif any(STAGE_OF.get(one[1], 9) < stage for one in same):
        outcome = "earlier stage"
    else:
        outcome = "later session" if returned else "left"
    return outcome, returned, ordered


@pytest.mark.random
@budget(max_examples=examples(2, 40), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(
        st.tuples(
            st.integers(1, 4),
            # Some days, on which they do several things within a session, and some hours of any day.
            st.one_of(st.integers(0, 30), st.integers(2400, 2430), st.integers(0, 5 * 24 * 80)),
            st.sampled_from((*EVENTS, *EVENTS, "order", "ticket")),
        ),
        min_size=8,
        max_size=60,
    ),
    st.integers(40, 80),
)
def test_equal_to_what_plain_python_finds_and_what_was_known_does_not_change(drawn: Drawn, early_day: int) -> None:
    until = 100 * DAY
    connection = of_drawn(drawn, until)
    acts: dict[str, list[tuple[Any, ...]]] = {}
    for person, *act in rows(
        connection,
        "select person_id, occurred_at, case source when 'orders' then 'order' when 'tickets' then 'ticket' "
        "else event_name end, product_id, session_id from journeys.touchpoints order by occurred_at",
    ):
        acts.setdefault(person, []).append(tuple(act))
    expected = {}
    # Of the best attempts, which metrics.funnel_attempts names, the furthest step by hand: the next of each name.
    for unit, person, entered, furthest in rows(
        connection,
        "select unit_id, person_id, entered_at, furthest_step from metrics.funnel_attempts "
        "where is_best and is_matured",
    ):
        if furthest < 3:
            reached = entered
            for name in ("add", "checkout")[: furthest - 1]:
                reached = min(when for when, what, *_ in acts[person] if what == name and when > reached)
            expected["step", furthest + 1, unit] = (reached, *slow_outcome(acts[person], reached, furthest, at(until)))
    for journey, person, position, reached in rows(
        connection,
        "select over.journey_id, over.person_id, furthest_required_position, max(occurred_at) "
        "from metrics.matured_journeys as over inner join journeys.journey_touchpoints as touched "
        "on over.journey_id = touched.journey_id and furthest_required_position = stage_position group by all",
    ):
        if STAGES[position - 1] != "purchase":
            found = slow_outcome(acts[person], reached, position - 1, at(until))
            expected["stage", position, journey] = (reached, *found)
    columns = "place_type, place_number, unit_id, dropped_at, outcome, is_returned, is_ordered"
    asked = f"select {columns} from metrics.dropped_units"
    told = {row[:3]: row[3:] for row in rows(connection, asked)}
    assert told == expected
    counted = rows(
        connection,
        "select place_type, place_number, dropped_count, cast(sum(unit_count) as bigint), sum(dropped_share) "
        f"from {TABLE} group by all",
    )
    for place_type, number, dropped, summed, share in counted:
        assert dropped == summed == sum(key[:2] == (place_type, number) for key in expected)
        assert share is None if dropped == 0 else share == pytest.approx(1)
    # What was known early still holds, of every journey and of every attempt that is still its unit's best.
    for row in rows(of_drawn(drawn, early_day * DAY), f"{asked} where outcome <> 'open'"):
        if row[0] == "stage" or told.get(row[:3], (None,))[0] == row[3]:
            assert told[row[:3]] == row[3:]
