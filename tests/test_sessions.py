"""Sessions: split where the gap is strictly greater than the timeout, with what is said of each."""

from __future__ import annotations

from typing import Any

import pytest
from conftest import cases
from given import at, event, examples, load, order, project, rows, settings, warehouse
from hypothesis import HealthCheck, given, strategies
from hypothesis import settings as budget

from parcours.tables.catalogue import build_all

MINUTE, HOUR = 60.0, 3600.0
SESSIONS = ["journeys.sessions"]


@pytest.mark.parametrize("case", cases("session_cases", "core"))
def test_published_case(case: dict[str, Any]) -> None:
    timeout = case["semantics"]["timeout_s"]
    built = warehouse(
        events=[event(who, when, name) for who, when, name in case["events"]],
        build=SESSIONS,
        shop=settings(sessions={"timeout_minutes": timeout / 60}),
    )
    numbers = rows(
        built,
        "select session_number from journeys.touchpoints inner join journeys.sessions using (session_id) "
        "order by touchpoint_id",
    )
    assert [number for (number,) in numbers] == case["expected"]["session_index"]


def test_a_gap_of_exactly_the_timeout_keeps_the_session() -> None:
    built = warehouse(
        events=[
            event("u", 0, "landing"),
            event("u", 30 * MINUTE, "landing"),
            event("u", 60 * MINUTE + 0.000001, "add"),
        ],
        build=SESSIONS,
    )
    assert rows(built, "select session_number, touchpoint_count from journeys.sessions order by 1") == [(1, 2), (2, 1)]


def test_two_devices_of_one_customer_share_a_session() -> None:
    built = warehouse(
        events=[
            event("phone", 0, "landing", customer_id="c1"),
            event("laptop", 5 * MINUTE, "product", customer_id="c1"),
            event("tablet", 6 * MINUTE, "product"),
        ],
        build=SESSIONS,
    )
    assert rows(built, "select touchpoint_count from journeys.sessions order by 1") == [(1,), (2,)]


def test_an_event_that_no_person_caused_neither_opens_nor_extends_a_session() -> None:
    built = warehouse(
        events=[
            event("u", 0, "landing"),
            event("u", 20 * MINUTE, "email sent", is_person_caused=False),
            event("u", 40 * MINUTE, "landing"),
        ],
        build=SESSIONS,
    )
    assert rows(built, "select touchpoint_count from journeys.sessions") == [(1,), (1,)]


def test_a_session_longer_than_the_maximum_is_cut_at_its_multiples() -> None:
    steady = [event("u", i * 20 * MINUTE, "landing") for i in range(3 * 24 + 1)]  # every 20 minutes for 24 h
    built = warehouse(events=steady, build=SESSIONS)
    assert rows(built, "select touchpoint_count from journeys.sessions order by session_number") == [(72,), (1,)]


PARIS = {"name": "Test shop", "time_zone": "Europe/Paris", "currency": "EUR", "language": "en"}


@pytest.mark.parametrize(
    ("before", "after", "counts"),
    [
        ("2026-01-05T22:59:59.999999", "2026-01-05T23:00:00", [1, 1]),  # midnight in winter: UTC+1
        ("2026-07-05T21:59:59.999999", "2026-07-05T22:00:00", [1, 1]),  # midnight in summer: UTC+2
        ("2026-07-05T22:59:59.999999", "2026-07-05T23:00:00", [2]),  # midnight in winter, but it is summer
        ("2026-01-05T23:59:59.999999", "2026-01-06T00:00:00", [2]),  # midnight in London
        ("2026-03-29T00:59:59", "2026-03-29T01:00:00", [2]),  # the clock goes from 02:00 to 03:00
        ("2026-01-05T22:59:59.999999", "2026-01-06T23:00:00", [1, 1]),  # two midnights, one cut
    ],
)
def test_a_session_may_be_cut_at_midnight_of_the_shop(before: str, after: str, counts: list[int]) -> None:
    visits = [event("u", before, "landing"), event("u", after, "landing")]
    shop = settings(shop=PARIS, sessions={"cut_at_midnight": True})
    built = warehouse(events=visits, build=SESSIONS, shop=shop)
    query = "select touchpoint_count from journeys.sessions order by session_number"
    assert [count for (count,) in rows(built, query)] == counts


def test_midnight_cuts_nothing_unless_journey_yaml_says_so() -> None:
    visits = [event("u", "2026-01-05T22:59:00", "landing"), event("u", "2026-01-05T23:01:00", "landing")]
    built = warehouse(events=visits, build=SESSIONS, shop=settings(shop=PARIS))
    assert rows(built, "select touchpoint_count from journeys.sessions") == [(2,)]


@pytest.mark.parametrize(
    ("cuts", "campaigns", "counts"),
    [
        (True, ["may", "june"], [1, 1]),
        (True, ["may", "may"], [2]),
        (True, ["may", None, "may"], [3]),  # coming without one is no other campaign
        (True, ["may", None, "june"], [2, 1]),
        (True, [None, "may"], [1, 1]),
        (True, ["may", "june", "may"], [1, 1, 1]),
        (False, ["may", "june"], [2]),
    ],
)
def test_a_session_may_be_cut_where_the_campaign_changes(
    cuts: bool, campaigns: list[str | None], counts: list[int]
) -> None:
    visits = [event("u", n * MINUTE, "landing", campaign_name=name) for n, name in enumerate(campaigns)]
    shop = settings(sessions={"cut_at_campaign_change": cuts})
    built = warehouse(events=visits, build=SESSIONS, shop=shop)
    query = "select touchpoint_count from journeys.sessions order by session_number"
    assert [count for (count,) in rows(built, query)] == counts


def test_a_runaway_session_is_in_quarantine_with_its_touchpoints_kept_and_takes_no_order() -> None:
    visits = [event("u", n * 10, "landing", customer_id="c1") for n in range(4)]
    visits += [event("u", 2 * HOUR + n, "landing", customer_id="c1") for n in range(3)]
    built = warehouse(
        events=visits,
        order_rows=[order("#1", 35, customer_id="c1"), order("#2", 3 * HOUR, customer_id="c1")],
        shop=settings(sessions={"runaway_touchpoints": 3}),
    )
    assert rows(built, "select started_at, ended_at, touchpoint_count from journeys.quarantined_sessions") == [
        (at(0), at(30), 4)
    ]
    assert rows(built, "select session_number, started_at, touchpoint_count, order_count from journeys.sessions") == [
        (1, at(2 * HOUR), 3, 1)
    ]
    kept = "select count(*), count(distinct session_id) from journeys.touchpoints where is_on_site"
    assert rows(built, kept) == [(7, 2)]
    assert rows(built, "select order_id, session_id is null from journeys.order_sessions order by 1") == [
        ("#1", True),
        ("#2", False),
    ]
    assert rows(built, "select count(*) from metrics.kpi_attempts where kpi = 'conversion'") == [(1,)]


def test_an_order_goes_to_the_session_before_a_runaway_one() -> None:
    visits = [event("u", 0, "landing", customer_id="c1")]
    visits += [event("u", 2 * HOUR + n, "landing", customer_id="c1") for n in range(4)]
    built = warehouse(
        events=visits,
        order_rows=[order("#1", 2 * HOUR + 2, customer_id="c1")],
        build=["journeys.sessions"],
        shop=settings(sessions={"runaway_touchpoints": 3}),
    )
    assert rows(built, "select started_at, order_count from journeys.sessions") == [(at(0), 1)]


@pytest.mark.parametrize(
    ("events", "engaged"),
    [
        ([(0, "landing")], False),
        ([(0, "landing"), (10, "help")], True),  # two views
        ([(0, "landing"), (10, "add")], False),  # exactly 10 s, one view
        ([(0, "landing"), (10.000001, "add")], True),
    ],
)
def test_engaged_is_longer_than_ten_seconds_or_two_views(events: list[tuple[float, str]], engaged: bool) -> None:
    built = warehouse(events=[event("u", when, name) for when, name in events], build=SESSIONS)
    assert rows(built, "select is_engaged from journeys.sessions") == [(engaged,)]


def test_landing_channel_and_furthest_stage() -> None:
    built = warehouse(
        events=[
            event("u", 0, "landing", url_path="/", campaign_medium="cpc", device="mobile"),
            event("u", 60, "checkout", url_path="/checkout"),
            event("u", 90, "product", url_path="/mug"),
        ],
        build=SESSIONS,
    )
    query = "select landing_path, exit_path, channel, device, furthest_stage, duration_seconds from journeys.sessions"
    assert rows(built, query) == [("/", "/mug", "paid search", "mobile", "checkout", 90.0)]


instants = strategies.lists(
    strategies.tuples(
        strategies.sampled_from("abc"),
        strategies.one_of(
            strategies.integers(0, 8 * 3600).map(float),
            strategies.integers(0, 16).map(lambda n: n * 30 * MINUTE),  # exact multiples of the timeout
            strategies.integers(0, 60).map(lambda n: n * HOUR),
        ),
    ),
    max_size=60,
)


@pytest.mark.random
@budget(max_examples=examples(8, 25), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(instants, strategies.sampled_from([0.0, 1.0, 30.0, 90.0]), strategies.sampled_from([1.0, 24.0]))
def test_equal_to_walking_through_each_persons_events(
    visits: list[tuple[str, float]], timeout_minutes: float, maximum_hours: float
) -> None:
    built = warehouse(
        events=[event(who, when, "landing") for who, when in visits],
        build=SESSIONS,
        shop=settings(sessions={"timeout_minutes": timeout_minutes, "maximum_hours": maximum_hours}),
    )
    found = rows(built, "select started_at, ended_at, touchpoint_count from journeys.sessions order by all")
    assert found == sorted(_walk(visits, timeout_minutes * 60, maximum_hours * 3600))


def _walk(visits: list[tuple[str, float]], timeout: float, maximum: float) -> list[tuple[Any, Any, int]]:
    """The slow, obvious form: one person at a time, one event at a time."""
    found = []
    for who in {who for who, _ in visits}:
        run: list[float] = []
        for when in [*sorted(t for w, t in visits if w == who), None]:
            if when is not None and run and when - run[-1] <= timeout:
                run.append(when)
                continue
            pieces: dict[int, list[float]] = {}
            for instant in run:
                pieces.setdefault(int((instant - run[0]) // maximum), []).append(instant)
            found += [(at(piece[0]), at(piece[-1]), len(piece)) for piece in pieces.values()]
            run = [] if when is None else [when]
    return found


def test_events_whose_first_rule_says_so_open_and_extend_no_session() -> None:
    rules = [
        {"touchpoint": "kept alive", "event": "heartbeat", "url": "/video%", "stage": "consideration"},
        {"touchpoint": "ping", "event": "heartbeat", "opens_session": False},
        {"touchpoint": "status", "url": "/status%", "opens_session": False, "stage": "support"},
        {"touchpoint": "landing", "event": ["landing", "heartbeat"], "stage": "discovery", "action": "view"},
    ]
    events = [
        event("u", 0, "landing"),
        *(event("u", number * 20 * MINUTE, "heartbeat") for number in range(1, 6)),
        event("u", 2 * HOUR, "landing"),  # a session of its own: pings keep none alive
        event("v", 0, "landing"),
        *(event("v", number * 20 * MINUTE, "heartbeat", url_path="/video/1") for number in range(1, 6)),
        event("v", 2 * HOUR, "landing"),
        event("w", 0, "anything", url_path="/status/order"),
    ]
    shop = settings(touchpoints=rules)
    built = warehouse(events=events, build=[*SESSIONS, "journeys.touchpoints"], shop=shop)
    found = (
        "select i.identifier, touchpoint_count from journeys.sessions join journeys.identities as i using (person_id)"
    )
    assert rows(built, f"{found} order by i.identifier, started_at") == [
        ("anonymous:u", 1), ("anonymous:u", 1), ("anonymous:v", 7)
    ]  # fmt: skip
    # They stay touchpoints, with their stage.
    quiet = "select touchpoint, stage, count(*) from journeys.touchpoints where not is_on_site group by all order by 1"
    assert rows(built, quiet) == [("ping", None, 5), ("status", "support", 1)]
    # What is loaded later follows, and makes no other event anew.
    load(built, "events", [{"event_id": "late", **event("w", HOUR, "heartbeat"), "url_path": "/video/2"}])
    build_all(built, project(shop), SESSIONS)
    late = "select count(*) from journeys.sessions join journeys.identities as i using (person_id) "
    assert rows(built, f"{late} where i.identifier = 'anonymous:w'") == [(1,)]
