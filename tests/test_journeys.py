"""Journeys: purchase cycles of a person, their types, and the visits to stages that they are made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from typing import Any, NamedTuple

import pytest
from given import answer, at, event, examples, order, rows, settings, warehouse
from hypothesis import HealthCheck, given, strategies
from hypothesis import settings as budget

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
BUILD = ["journeys.journeys", "journeys.stage_visits"]
STAGES = ["discovery", "consideration", "cart", "checkout", "purchase", "support"]
REQUIRED = [2, 3, 4, 5]  # of PATH
ORDER = ["product", "add", "checkout"]
PATH = {
    "stages": [
        {"stage": "discovery", "rule": "optional"},
        {"stage": "cart", "max_days": 1},
        {"stage": "support", "rule": "forbidden"},
    ],
    "limits": [{"from": "cart", "to": "purchase", "max_days": 2}],
    "order": ORDER,
}
IN_NO_VISIT_OR_IN_SEVERAL = """
    select touches.touchpoint_id
    from journeys.journey_touchpoints as touches
    left join journeys.stage_visits as visits
        on touches.journey_id = visits.journey_id and touches.stage = visits.stage
        and touches.staged_number between visits.first_number and visits.last_number
        and touches.occurred_at between visits.entered_at and visits.left_at
    where touches.stage is not null
    group by touches.touchpoint_id
    having count(visits.visit_number) <> 1
"""
SESSIONS_NOT_TILED = """
    with sessions as (
        select session_id, journey_id, min(occurred_at) as first_at, max(occurred_at) as last_at
        from journeys.journey_touchpoints
        where session_id is not null and stage is not null
        group by session_id, journey_id
    )
    select sessions.session_id
    from sessions
    join journeys.stage_visits as visits
        on sessions.journey_id = visits.journey_id
        and visits.entered_at <= sessions.last_at and visits.left_at >= sessions.first_at
    group by sessions.session_id, sessions.journey_id, sessions.first_at, sessions.last_at
    having date_diff('microsecond', sessions.first_at, sessions.last_at) <> sum(date_diff(
        'microsecond', greatest(sessions.first_at, visits.entered_at), least(sessions.last_at, visits.left_at)
    ))
"""
POSITIONS = {"landing": 1, "product": 2, "add": 3, "checkout": 4, "order placed": 5, "review": 5, "help": 6}


def visit(when: float, name: str) -> Any:
    """An event of the customer `c`."""
    return event("device", when, name, customer_id="c")


def journeys(
    events: list[tuple[float, str]],
    orders: list[Any] = (),
    answers: list[Any] = (),
    columns: str = "journey_type",
    **more: Any,
) -> list[Any]:
    """The journeys of the customer `c`, in order."""
    built = warehouse(
        events=[visit(*row) for row in events],
        order_rows=[order(f"#{i}", when, customer_id="c", **states) for i, (when, states) in enumerate(orders, 1)],
        feedback=answers,
        build=BUILD,
        **more,
    )
    return rows(built, f"select {columns} from journeys.journeys order by journey_number")


def test_a_purchase_and_what_led_to_it_are_one_journey() -> None:
    found = journeys(
        [(0, "landing"), (3 * DAY, "product"), (3 * DAY + 60, "add"), (5 * DAY, "checkout")],
        [(5 * DAY + 60, {})],
        columns="journey_type, touchpoint_count, session_count, order_count, started_at, purchased_at",
    )
    assert found == [("first purchase", 5, 3, 1, at(0), at(5 * DAY + 60))]


def test_browsing_in_a_later_session_after_the_purchase_begins_a_renewal() -> None:
    events = [(0, "add"), (2 * MINUTE, "product"), (4 * HOUR, "help"), (9 * HOUR, "product"), (10 * HOUR, "help")]
    orders = [(MINUTE, {}), (20 * DAY, {})]
    assert journeys(events, orders, columns="journey_type, touchpoint_count, order_count") == [
        ("first purchase", 4, 1),  # browsing on in the session of the order, and the help page, belong to it
        ("renewal", 3, 1),
    ]


def test_a_silence_of_exactly_the_limit_keeps_the_journey() -> None:
    events = [(0, "landing"), (30 * DAY, "product"), (60 * DAY + 0.000001, "landing")]
    assert journeys(events, columns="journey_type, touchpoint_count") == [("usage", 2), ("usage", 1)]


def test_two_orders_in_a_row_are_two_journeys() -> None:
    events = [(0, "add")]
    found = journeys(events, [(MINUTE, {}), (2 * MINUTE, {})], columns="journey_type, touchpoint_count")
    assert found == [("first purchase", 2), ("renewal", 1)]


def test_states_and_answers_that_come_late_belong_to_their_orders_journey() -> None:
    late = {"paid_at": at(MINUTE), "shipped_at": at(11 * DAY), "delivered_at": at(90 * DAY)}
    found = journeys(
        [(0, "add"), (10 * DAY, "product"), (12 * DAY, "checkout")],
        [(MINUTE, late), (12 * DAY + MINUTE, {})],
        [answer("a1", 40 * DAY, 5, order_id="#1"), answer("a2", 100 * DAY, 5, order_id="#2")],
        columns="journey_type, touchpoint_count, last_touched_at",
    )
    assert found == [("first purchase", 6, at(90 * DAY)), ("renewal", 4, at(100 * DAY))]


def test_a_payment_at_the_instant_of_the_order_is_in_journey_number_one() -> None:
    orders = [(0, {"paid_at": at(0)})]
    assert journeys([], orders, columns="journey_number, journey_type") == [(1, "first purchase")]


def test_a_cycle_that_begins_with_help_after_a_silence_goes_on_to_its_purchase() -> None:
    events = [(0, "add"), (40 * DAY, "help"), (40 * DAY + MINUTE, "product"), (40 * DAY + 2 * MINUTE, "checkout")]
    orders = [(MINUTE, {}), (40 * DAY + 3 * MINUTE, {})]
    found = journeys(events, orders, columns="journey_type, touchpoint_count")
    assert found == [("first purchase", 2), ("renewal", 4)]


def test_an_email_sent_keeps_no_journey_going_and_begins_none() -> None:
    sent = [
        event("d0", days * DAY, "email sent", customer_id="c", is_person_caused=False) for days in (-1, 10, 20, 29, 35)
    ]
    built = warehouse(events=[*sent, visit(0, "add"), visit(31 * DAY, "add")], build=["journeys.journeys"])
    found = rows(built, "select journey_number, touchpoint_count from journeys.journeys order by 1")
    assert found == [(1, 4), (2, 2)]


def test_types_without_a_purchase() -> None:
    assert journeys([(0, "help"), (60, "product")]) == [("support",)]
    assert journeys([(0, "product"), (60, "help")]) == [("usage",)]


def test_a_rule_for_any_state_of_an_order_names_the_purchase_stage_too() -> None:
    rules = [
        {"touchpoint": "product", "event": "product", "stage": "consideration", "action": "view"},
        {"touchpoint": "order", "source": "orders", "stage": "purchase"},
    ]
    shop = settings(touchpoints=rules, funnels=[{"id": "f", "name": "F", "steps": [{"touchpoint": "product"}]}])
    found = journeys(
        [(0, "product"), (DAY, "product")], [(60, {})], columns="journey_type, touchpoint_count", shop=shop
    )
    assert found == [("first purchase", 2), ("usage", 1)]


def test_back_steps_and_the_furthest_required_stage() -> None:
    names = ["landing", "product", "landing", "checkout", "help", "add"]
    found = journeys(
        [(i * MINUTE, name) for i, name in enumerate(names)],
        columns="back_step_count, furthest_required_position, required_stage_count",
    )
    assert found == [(2, 4, 4)]


def test_a_stage_visit_lasts_until_the_next_one_and_the_last_until_its_own_end() -> None:
    events = [(0, "landing"), (10, "landing"), (25, "unknown"), (30, "product"), (70, "landing"), (75, "landing")]
    built = warehouse(events=[visit(*row) for row in events], build=BUILD)
    found = rows(
        built,
        "select stage, entered_at, left_at, touchpoint_count, next_stage, is_followed_by_back_step "
        "from journeys.stage_visits order by visit_number",
    )
    assert found == [
        ("discovery", at(0), at(30), 2, "consideration", False),
        ("consideration", at(30), at(70), 1, "discovery", True),
        ("discovery", at(70), at(75), 2, None, False),
    ]


class Touch(NamedTuple):
    """One touchpoint of one person, in the second implementation."""

    when: float
    is_purchase: bool
    touchpoint_id: str
    name: str
    order_id: str | None = None  # of what belongs to an order: its states, and answers about it


grid = strategies.builds(
    lambda days, minutes: days * DAY + minutes * MINUTE,
    strategies.one_of(
        strategies.integers(0, 6), strategies.integers(0, 120), strategies.sampled_from([30, 31, 60, 61])
    ),
    strategies.sampled_from([0, 7, 14, 28, 58, 59]),
)
visits = strategies.lists(
    strategies.tuples(grid, strategies.sampled_from(["landing", "product", "add", "checkout", "help", "unknown"])),
    max_size=14,
    unique_by=lambda row: row[0],
)
purchases = strategies.lists(
    strategies.tuples(grid, strategies.sampled_from([None, 3, 40, 100]), strategies.sampled_from([None, 2, 50])),
    max_size=4,
    unique_by=lambda row: row[0],
)
reviews = strategies.lists(grid, max_size=1)
histories = strategies.lists(strategies.tuples(visits, purchases, reviews), min_size=1, max_size=12)


@pytest.mark.random
@budget(max_examples=examples(5, 8), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(histories)
def test_equal_to_walking_through_each_persons_touchpoints(people: list[Any]) -> None:
    events, orders, answers, wanted_journeys, wanted_visits, walked = [], [], [], [], [], []
    for who, (seen, bought, reviewed) in enumerate(people):
        touches = []
        for i, (when, name) in enumerate(seen):
            events.append(event(f"d{who}", when, name, customer_id=f"c{who}", event_id=f"{who}-{i}"))
            touches.append(Touch(when, False, f"event:{who}-{i}", name))
        for i, (when, delivery, about) in enumerate(bought):
            number = f"#{who}-{i}"
            states = {} if delivery is None else {"delivered_at": at(when + delivery * DAY + 1)}
            orders.append(order(number, when, customer_id=f"c{who}", **states))
            touches.append(Touch(when, True, f"order:{number}:order placed", "order placed", number))
            if states:
                delivered = f"order:{number}:order delivered"
                touches.append(Touch(when + delivery * DAY + 1, False, delivered, "unknown", number))
            if about is not None:
                asked = when + about * DAY + 2
                answers.append(answer(f"{who}-{i}", asked, 4, order_id=number))
                touches.append(Touch(asked, False, f"answer:{who}-{i}", "review", number))
        for when in reviewed:
            answers.append(answer(f"{who}-r", when + 3, 4, customer_id=f"c{who}"))
            touches.append(Touch(when + 3, False, f"answer:{who}-r", "review"))
        cycles = _walk(touches)
        wanted_journeys += _described(cycles)
        wanted_visits += [stay for cycle in cycles for stay in _stays(cycle)]
        walked += cycles

    built = warehouse(events=events, order_rows=orders, feedback=answers, build=BUILD, shop=settings(path=PATH))
    found = rows(
        built,
        "select list(t.touchpoint_id order by t.touchpoint_id), any_value(j.journey_number), "
        "any_value(j.journey_type), "
        "any_value(j.started_at), any_value(j.last_touched_at), any_value(j.purchased_at), any_value(j.order_count), "
        "any_value(j.session_count), any_value(j.furthest_required_position), any_value(j.back_step_count), "
        "any_value(j.skipped_stages), any_value(j.repeated_stages), any_value(j.gone_back_stages) "
        "from journeys.journey_touchpoints t join journeys.journeys j using (journey_id) group by journey_id",
    )
    assert sorted(found, key=lambda row: row[0]) == sorted(wanted_journeys, key=lambda row: row[0])

    stays = rows(
        built, "select entered_at, left_at, stage_position, touchpoint_count, visit_number from journeys.stage_visits"
    )
    assert sorted(stays) == sorted(wanted_visits)
    tiled = rows(
        built,
        "select sum(date_diff('microsecond', entered_at, left_at)) = "
        "date_diff('microsecond', min(entered_at), max(last_staged_at)) from journeys.stage_visits join ("
        "select journey_id, max(occurred_at) as last_staged_at from journeys.journey_touchpoints "
        "where stage is not null group by 1) using (journey_id) group by journey_id",
    )
    assert all(fits for (fits,) in tiled)
    assert rows(built, IN_NO_VISIT_OR_IN_SEVERAL) == []
    assert rows(built, SESSIONS_NOT_TILED) == []

    found_deviations = rows(
        built,
        "select kind, place, from_place, visit_number, occurred_at, seconds_beyond from journeys.journey_deviations",
    )
    assert Counter(found_deviations) == Counter(deviation for cycle in walked for deviation in _deviations(cycle))


def _sessions(touches: list[Touch]) -> dict[float, float]:
    """The start of the session of each visit, by the visit's instant."""
    starts: dict[float, float] = {}
    previous = start = -DAY
    for when in sorted(touch.when for touch in touches if touch.touchpoint_id.startswith("event:")):
        start = when if when - previous > 30 * MINUTE else start
        starts[when] = start
        previous = when
    return starts


def _walk(touches: list[Touch]) -> list[list[Touch]]:
    """The slow, obvious form: contact by contact; what belongs to an order follows it and opens nothing."""
    starts = _sessions(touches)
    cycles: list[list[Touch]] = []
    last_contact = last_purchase = 0.0
    for touch in sorted(touch for touch in touches if touch.order_id is None or touch.is_purchase):
        has_purchase = bool(cycles) and any(other.is_purchase for other in cycles[-1])
        is_browsing = touch.name in ("landing", "product", "add", "checkout")
        if (
            not cycles
            or touch.when - last_contact > 30 * DAY
            or (has_purchase and (touch.is_purchase or (is_browsing and starts[touch.when] > last_purchase)))
        ):
            cycles.append([])
        cycles[-1].append(touch)
        last_contact = touch.when
        last_purchase = touch.when if touch.is_purchase else last_purchase
    for touch in touches:
        if touch.order_id is not None and not touch.is_purchase:
            next(c for c in cycles if any(o.is_purchase and o.order_id == touch.order_id for o in c)).append(touch)
    return cycles


def _staged(cycle: list[Touch]) -> list[tuple[float, int]]:
    """Instant and stage of the touchpoints that have one, in order."""
    return sorted((touch.when, POSITIONS[touch.name]) for touch in cycle if touch.name in POSITIONS)


def _stays(cycle: list[Touch]) -> list[Any]:
    """The stage visits of a journey."""
    runs = [(position, [when for when, _ in run]) for position, run in groupby(_staged(cycle), key=lambda row: row[1])]
    ends = [whens[0] for _, whens in runs[1:]] + [whens[-1] for _, whens in runs[-1:]]
    return [
        (at(whens[0]), at(end), position, len(whens), number)
        for number, ((position, whens), end) in enumerate(zip(runs, ends, strict=True), 1)
    ]


def _described(cycles: list[list[Touch]]) -> list[Any]:
    """What journeys.journeys says of each."""
    described, bought_before = [], 0
    starts = _sessions([touch for cycle in cycles for touch in cycle])
    for number, cycle in enumerate(cycles, 1):
        whens = [touch.when for touch in cycle]
        bought = [touch.when for touch in cycle if touch.is_purchase]
        stages = [position for _, position in _staged(cycle)]
        required = [position for position in stages if position != POSITIONS["help"]]
        if bought:
            kind = "renewal" if bought_before else "first purchase"
        else:
            kind = "support" if stages and stages[0] == POSITIONS["help"] else "usage"
        described.append(
            (
                sorted(touch.touchpoint_id for touch in cycle),
                number,
                kind,
                at(min(whens)),
                at(max(whens)),
                at(bought[0]) if bought else None,
                len(bought),
                len({starts[touch.when] for touch in cycle if touch.touchpoint_id.startswith("event:")}),
                max(required, default=None),
                sum(1 for a, b in pairwise(stages) if b < a),
                _listed(STAGES.index(place) + 1 for kind, place, *_ in _deviations(cycle) if kind == "skip"),
                _listed(p for p in set(stages) if [stage for stage, _ in groupby(stages)].count(p) > 1),
                _listed({b for a, b in pairwise(stages) if b < a}),
            )
        )
        bought_before += len(bought)
    return described


def _listed(positions: Iterable[int]) -> str | None:
    """Stages as text, in the order of the map."""
    return ", ".join(STAGES[position - 1] for position in sorted(positions)) or None


def _deviations(cycle: list[Touch]) -> list[Any]:
    """Every deviation of a journey from PATH: kind, place, place before, visit, instant, seconds beyond."""
    visits = [(number, position, start, end) for start, end, position, _, number in _stays(cycle)]
    found: list[Any] = []
    trail: list[int] = []  # required stages in the order of entering, optional ones passed over
    entered: dict[int, datetime] = {}
    in_cart = timedelta()
    cart_late_at = None
    for number, position, start, end in visits:
        before = STAGES[visits[number - 2][1] - 1] if number > 1 else None
        stage = STAGES[position - 1]
        entered.setdefault(position, start)
        if stage == "support":
            found.append(("forbidden", stage, before, number, start, None))
        if stage == "cart":
            in_cart += end - start
            if in_cart > timedelta(days=1) and cart_late_at is None:
                cart_late_at = end - (in_cart - timedelta(days=1))
        if position in REQUIRED and trail[-1:] != [position]:
            since = STAGES[trail[-1] - 1] if trail else None
            if trail and position < trail[-1]:
                found.append(("back", stage, since, number, start, None))
            elif position in trail:
                kind = "loop" if trail[-2] == position else "repeat"
                found.append((kind, stage, since, number, start, None))
            trail.append(position)
    for position in REQUIRED:
        later = [entered[p] for p in REQUIRED if p > position and p in entered]
        if position not in entered and later:
            before = max((p for p in REQUIRED if p < position and p in entered), default=None)
            found.append(("skip", STAGES[position - 1], before and STAGES[before - 1], None, min(later), None))
    if cart_late_at:
        found.append(("late", "cart", None, None, cart_late_at, (in_cart - timedelta(days=1)).total_seconds()))
    if 3 in entered and 5 in entered and entered[5] - entered[3] > timedelta(days=2):
        beyond = (entered[5] - entered[3] - timedelta(days=2)).total_seconds()
        found.append(("late", "purchase", "cart", None, entered[3] + timedelta(days=2), beyond))
    first = {touch.name: at(touch.when) for touch in sorted(cycle, reverse=True)}
    for place, earlier in enumerate(ORDER):
        since = next((o for o in ORDER[place:] if earlier in first and o in first and first[o] < first[earlier]), None)
        if since:
            found.append(("back", earlier, since, None, first[earlier], None))
    return found


@pytest.mark.parametrize("known_days", [35, 45])
def test_a_late_delivery_does_not_reopen_a_journey_that_is_over(known_days: float) -> None:
    built = warehouse(
        events=[visit(0, "add")],
        order_rows=[order("#1", MINUTE, customer_id="c", delivered_at=at(40 * DAY) if known_days > 40 else None)],
        build=["metrics.matured_journeys"],
        known_until=at(known_days * DAY),
    )
    assert rows(built, "select count(*) from metrics.matured_journeys") == [(1,)]
