"""Screening: bots and staff are found, left out of what is measured, and the figures are told with and without them."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import duckdb
import pytest
from given import Row, answer, at, event, examples, order, rows, settings, warehouse
from hypothesis import HealthCheck, Phase, given, strategies
from hypothesis import settings as budget

from parcours.engine.checks import read_checks, run_check
from parcours.loading.settings_tables import write_settings
from parcours.project import ROOT
from parcours.settings.schema import JourneySettings
from parcours.warehouse.connection import prepare

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
PEOPLE = (
    "select split_part(identifier, ':', 2), reason, evidence from journeys.screened_people "
    "inner join journeys.identities using (person_id) where starts_with(identifier, 'anonymous:') order by all"
)
FIGURES = "select figure, value_without, value_with, bot_value, staff_value from metrics.screening"
MARKED = "marked as a bot by the source or its user agent"
STAFF = {"staff_customer_ids": ["boss"]}


def screened(events: list[Row], **screening: Any) -> list[tuple[str, str, str]]:
    """Devices of screened people, with reason and evidence."""
    built = warehouse(events=events, build=["journeys.screened_people"], shop=settings(screening=screening))
    return rows(built, PEOPLE)


def figures(built: duckdb.DuckDBPyConnection) -> dict[str, tuple[Any, ...]]:
    return {row[0]: row[1:] for row in rows(built, FIGURES)}


def test_nobody_is_screened_without_a_reason() -> None:
    assert screened([event("u", n, "landing") for n in range(600)]) == []


def test_one_marked_event_makes_a_bot_of_the_person_and_all_their_devices() -> None:
    events = [
        event("phone", 0, "landing", customer_id="c"),
        event("laptop", 5, "email sent", customer_id="c", is_bot=True, is_person_caused=False),
        event("other", 9, "landing"),
    ]
    assert screened(events) == [("laptop", "bot", MARKED), ("phone", "bot", MARKED)]


@pytest.mark.parametrize(
    ("instants", "is_bot"),
    [
        ([0, 1, 2], False),  # three of at most three
        ([0, 1, 2, 3600], True),  # both ends of the 60 minutes
        ([0, 1, 2, 3600.000001], False),
        ([0, 1, 2, 3600.000001, 3600.000001], True),  # the 60 minutes slide
        ([n * 1200.000001 for n in range(50)], False),
        ([5, 5, 5, 5], True),
    ],
)
def test_a_bot_has_more_events_than_the_limit_within_some_sixty_minutes(instants: list[float], is_bot: bool) -> None:
    found = screened([event("u", when, "landing") for when in instants], bot_events_per_hour=3)
    assert found == ([("u", "bot", "more than 3 events within an hour")] if is_bot else [])


def test_events_of_all_the_persons_devices_count_together_and_those_nobody_caused_do_not() -> None:
    of_devices = [event(f"d{n}", n, "landing", customer_id="c") for n in range(4)]
    assert len(screened(of_devices, bot_events_per_hour=3)) == 4
    sent = [event("u", n, "email sent", is_person_caused=n < 3) for n in range(9)]
    assert screened(sent, bot_events_per_hour=3) == []


@pytest.mark.parametrize(
    ("screening", "evidence"),
    [
        ({"staff_emails": [" Boss@Shop.example"]}, None),  # a space is no part of an address
        ({"staff_emails": ["Boss@Shop.example"]}, "an e-mail address of staff"),
        ({"staff_customer_ids": ["boss"]}, "a customer id of staff"),
        ({"staff_devices": ["till"]}, "a device of staff"),
        ({"staff_devices": ["till"], "staff_customer_ids": "boss"}, "a customer id of staff, a device of staff"),
        ({"staff_devices": ["undefined"]}, ""),  # a blocked value names nobody
    ],
)
def test_staff_is_who_has_a_listed_identifier(screening: dict[str, Any], evidence: str | None) -> None:
    if evidence is None:
        with pytest.raises(ValueError, match="staff_emails"):
            settings(screening=screening)
        return
    connection = duckdb.connect()
    prepare(connection, "0" * 64)
    [(hashed,)] = rows(connection, "select pseudonym('boss@shop.example')")
    events = [event("till", 0, "landing", customer_id="boss", email_hash=hashed), event("u", 0, "landing")]
    assert screened(events, **screening) == ([("till", "staff", evidence)] if evidence else [])


def test_who_is_both_is_staff() -> None:
    events = [event("u", 0, "landing", is_bot=True, customer_id="boss")]
    assert screened(events, **STAFF) == [("u", "staff", "a customer id of staff")]


def test_addresses_of_staff_are_in_the_warehouse_as_pseudonyms_only(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    with duckdb.connect(str(path)) as connection:
        prepare(connection, "0" * 64)
        write_settings(connection, settings(screening={"staff_emails": ["boss@shop.example", "Boss@shop.example"]}))
        kept = rows(connection, "select identifier = 'email:' || pseudonym('boss@shop.example') from settings.staff")
    assert kept == [(True,), (True,)]
    assert not [file for file in tmp_path.iterdir() if b"boss@shop" in file.read_bytes().lower()]


def three_people(**screening: Any) -> duckdb.DuckDBPyConnection:
    """A customer, a bot and a member of staff, each with a visit; the customer and staff order and answer."""
    events = [
        event("home", 0, "product", customer_id="c"),
        event("crawler", 0, "product", is_bot=True),
        event("crawler", HOUR, "product"),
        event("till", 0, "product", customer_id="boss"),
    ]
    orders = [order("#1", MINUTE, customer_id="c"), order("#2", MINUTE, customer_id="boss", value=500)]
    answers = [
        answer("a1", HOUR, 5, customer_id="c"),
        answer("a2", HOUR, 1, customer_id="boss"),
        answer("a3", HOUR, 1, order_id="#2"),
    ]
    return warehouse(events=events, order_rows=orders, feedback=answers, shop=settings(screening=STAFF | screening))


@pytest.mark.parametrize("leave_out", [True, False])
def test_sessions_of_screened_people_are_cut_as_all_others_are(leave_out: bool) -> None:
    built = warehouse(
        events=[event("crawler", when, "product", is_bot=True) for when in (DAY - 60, DAY + 60)],
        shop=settings(sessions={"cut_at_midnight": True}, screening={"leave_out": leave_out}),
        build=["metrics.screening"],
    )
    assert rows(built, "select bot_value from metrics.screening where figure = 'sessions'") == [(2,)]


def test_screened_people_are_in_no_figure() -> None:
    built = three_people()
    for table in (
        "touchpoints",
        "sessions",
        "journeys",
        "carts",
        "order_sessions",
        "survey_answers",
        "journey_touchpoints",
    ):
        people = rows(
            built, f"select count(*) from journeys.{table} inner join journeys.screened_people using (person_id)"
        )
        assert people == [(0,)], table
    assert rows(built, "select order_id from journeys.order_sessions") == [("#1",)]
    assert rows(built, "select answer_id from journeys.survey_answers") == [("a1",)]
    assert rows(built, "select answer_count, asked_count from metrics.csat_by_stage where stage = 'all'") == [(1, 1)]
    assert rows(built, "select value from metrics.conversion where way like 'sessions with an order / %'") == [(1.0,)]
    assert rows(built, "select sum(net_revenue) from metrics.stage_coverage") == [(10,)]


def test_they_stay_in_every_figure_if_the_shop_says_so() -> None:
    built = three_people(leave_out=False)
    assert rows(built, "select count(*) from journeys.screened_people") == [(2,)]
    assert rows(built, "select count(*) from journeys.sessions") == [(4,)]
    assert rows(built, "select count(*) from journeys.order_sessions") == [(2,)]
    assert rows(built, "select count(*) from journeys.survey_answers") == [(3,)]


@pytest.mark.parametrize("leave_out", [True, False])
def test_the_figures_are_told_with_and_without_them_whether_or_not_they_are_left_out(leave_out: bool) -> None:
    assert figures(three_people(leave_out=leave_out)) == {
        "people": (1, 3, 1, 1),
        "touchpoints": (1, 4, 2, 1),
        "sessions": (1, 4, 2, 1),
        "orders": (1, 2, 0, 1),
        "conversion": (1.0, 0.5, 0.0, 1.0),
    }


@pytest.mark.parametrize("leave_out", [True, False])
def test_the_headline_is_the_value_without_them_or_the_one_with_them(leave_out: bool) -> None:
    built = three_people(leave_out=leave_out)
    [(headline,)] = rows(built, "select value from metrics.kpis where kpi = 'conversion' and period = 'all'")
    assert figures(built)["conversion"][0 if leave_out else 1] == headline


def test_without_screened_people_both_values_are_the_same() -> None:
    built = warehouse(events=[event("u", 0, "landing")], build=["metrics.screening"])
    assert figures(built)["sessions"] == (1, 1, 0, 0)
    assert figures(built)["conversion"] == (0.0, 0.0, None, None)


def test_events_of_screened_people_are_not_reported_as_nobodys() -> None:
    check = next(c for c in read_checks(ROOT / "sql" / "checks") if c.name == "touchpoints_have_a_person")
    events = [event("u", 0, "landing"), event("null", 0, "landing"), event("bot", 0, "landing", is_bot=True)]
    built = warehouse(events=events, build=["journeys.touchpoints"])
    assert run_check(built, check).offending_count == 1


def test_orders_of_staff_go_on_without_events_and_are_no_outage() -> None:
    events = [event(f"u{day}/{n}", day * DAY + n, "landing") for day in range(9) if day != 4 for n in range(20)]
    orders = [order(f"#{day}", day * DAY, customer_id="boss") for day in range(9)]
    built = warehouse(events=events, order_rows=orders, build=["metrics.outage_days"], shop=settings(screening=STAFF))
    assert rows(built, "select count(*) from metrics.outage_days") == [(0,)]


visits = strategies.lists(
    strategies.tuples(
        strategies.sampled_from("abc"),
        strategies.one_of(
            strategies.integers(0, 12).map(lambda n: n * 30 * MINUTE),  # exact multiples of the timeout
            strategies.integers(0, 60 * 60).map(lambda n: float(n * 7)),
        ),
        strategies.sampled_from([True, True, True, False]),
    ),
    max_size=30,
)
orders_of = strategies.lists(
    strategies.tuples(strategies.sampled_from("abc"), strategies.integers(0, 60).map(lambda n: n * HOUR)), max_size=4
)


@pytest.mark.random
@budget(
    max_examples=examples(5, 20), deadline=None, phases=[Phase.generate], suppress_health_check=[HealthCheck.too_slow]
)
@given(visits, orders_of, strategies.integers(1, 6), strategies.booleans())
def test_equal_to_walking_through_each_persons_events(
    seen: list[Any], placed: list[Any], limit: int, leave_out: bool
) -> None:
    shop = settings(
        sessions={"timeout_minutes": 30, "maximum_hours": 2},
        screening={"staff_customer_ids": ["c"], "bot_events_per_hour": limit, "leave_out": leave_out},
    )
    built = warehouse(
        events=[
            event(f"d{who}", when, "landing", customer_id=who, is_person_caused=caused) for who, when, caused in seen
        ],
        order_rows=[order(f"#{n}", when, customer_id=who) for n, (who, when) in enumerate(placed)],
        build=["metrics.screening"],
        shop=shop,
    )
    reasons = {who: reason for who in "abc" if (reason := reason_of(who, seen, limit))}
    staged = rows(
        built,
        "select split_part(identifier, ':', 2), reason from journeys.screened_people "
        "inner join journeys.identities using (person_id) where starts_with(identifier, 'customer:') order by all",
    )
    known = {who for who, *_ in seen} | {who for who, _ in placed}
    assert staged == sorted((who, reason) for who, reason in reasons.items() if who in known)
    outages = {day for (day,) in rows(built, "select outage_on from metrics.outage_days where outage = 'tracking'")}
    assert figures(built) == walked(shop, seen, placed, reasons, outages)


def reason_of(who: str, seen: list[Any], limit: int) -> str | None:
    """The slow, obvious form: from each event on, count those within the 60 minutes."""
    if who == "c":
        return "staff"
    own = [when for w, when, caused in seen if w == who and caused]
    return "bot" if any(sum(0 <= other - when <= HOUR for other in own) > limit for when in own) else None


def walked(
    shop: JourneySettings, seen: list[Any], placed: list[Any], reasons: dict[str, str], outages: set[Any]
) -> dict[str, tuple[Any, ...]]:
    counts: dict[tuple[str, str], int] = defaultdict(int)
    for who in "abc":
        of, orders = reasons.get(who, "customer"), [when for w, when in placed if w == who]
        sessions = cut(sorted(when for w, when, caused in seen if w == who and caused), shop)
        ordering = {
            max((s for s in sessions if s[0] <= when and when - s[-1] <= DAY), key=lambda s: s[0], default=(-1.0,))
            for when in orders
        }
        counts["people", of] += bool(sessions or orders)
        counts["touchpoints", of] += sum(len(session) for session in sessions)
        counts["sessions", of] += len(sessions)
        counts["orders", of] += len(orders)
        matured = [session for session in sessions if at(session[0]).date() not in outages]
        counts["matured", of] += len(matured)
        counts["converted", of] += sum(session in ordering for session in matured)
    found: dict[str, tuple[Any, ...]] = {}
    everybody = ("customer", "bot", "staff")
    for figure in ("people", "touchpoints", "sessions", "orders"):
        customers, bots, staff = (counts[figure, of] for of in everybody)
        found[figure] = (customers, customers + bots + staff, bots, staff)
    found["conversion"] = tuple(
        sum(counts["converted", of] for of in group) / total
        if (total := sum(counts["matured", of] for of in group))
        else None
        for group in (("customer",), everybody, ("bot",), ("staff",))
    )
    return found


def cut(instants: list[float], shop: JourneySettings) -> list[tuple[float, ...]]:
    """Sessions: a gap longer than the timeout splits; a longer one is cut at each multiple of the maximum."""
    runs: list[list[float]] = []
    for when in instants:
        if runs and when - runs[-1][-1] <= shop.sessions.timeout_minutes * MINUTE:
            runs[-1].append(when)
        else:
            runs.append([when])
    sessions = []
    for run in runs:
        pieces: dict[int, list[float]] = defaultdict(list)
        for when in run:
            pieces[int((when - run[0]) // (shop.sessions.maximum_hours * HOUR))].append(when)
        sessions += [tuple(piece) for piece in pieces.values()]
    return sessions
