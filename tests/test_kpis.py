"""The headline figures: attempts with an outcome, their sums by day and over all, and their interval."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta
from typing import Any

import pytest
from given import START, answer, at, event, order, rows, settings, warehouse
from hypothesis import HealthCheck, given, strategies
from hypothesis import settings as budget
from scipy.stats import binomtest

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
OUTCOMES = "select outcome from metrics.kpi_attempts where kpi = 'conversion' order by happened_at"


def outcomes(visits: list[float], ordered: list[float], known_days: float = 100) -> list[str]:
    """Outcome of each session of the customer `c`."""
    built = warehouse(
        events=[event("d", when, "landing", customer_id="c") for when in visits],
        order_rows=[order(f"#{i}", when, customer_id="c") for i, when in enumerate(ordered)],
        build=["metrics.kpi_attempts"],
        known_until=at(known_days * DAY),
    )
    return [outcome for (outcome,) in rows(built, OUTCOMES)]


def test_an_order_belongs_to_its_session_or_the_last_one_within_a_day_before_it() -> None:
    ordered = {"a": 2 * HOUR, "b": HOUR, "c": 26 * HOUR, "d": 26 * HOUR + 0.000001}
    built = warehouse(
        events=[event(who, when, "landing", customer_id=who) for who in ordered for when in (0, 2 * HOUR)],
        order_rows=[order(f"#{who}", when, customer_id=who) for who, when in ordered.items()],
        build=["metrics.kpi_attempts"],
    )
    found = rows(
        built,
        "select list(outcome order by happened_at) from metrics.kpi_attempts "
        "join journeys.identities using (person_id) where kpi = 'conversion' and starts_with(identifier, 'customer:') "
        "group by identifier order by identifier",
    )
    assert [outcome for (outcome,) in found] == [
        ["dropped", "converted"],
        ["converted", "dropped"],
        ["dropped", "converted"],
        ["dropped", "dropped"],
    ]


def test_two_orders_in_a_session_convert_it_once() -> None:
    built = warehouse(
        events=[event("d", 0, "landing", customer_id="c")],
        order_rows=[order("#1", 1, customer_id="c"), order("#2", 2, customer_id="c")],
        build=["metrics.kpis", "metrics.conversion"],
    )
    query = "select numerator, denominator from metrics.kpis where kpi = 'conversion' and period = 'all'"
    assert rows(built, query) == [(1, 1)]
    assert rows(built, "select numerator, denominator from metrics.conversion where way = 'orders / sessions'") == [
        (2, 1)
    ]


def test_a_purchase_event_without_an_order_converts_nothing() -> None:
    events = [event("d", 0, "landing"), event("d", 60, "order completed", order_id="#1")]
    built = warehouse(events=events, build=["metrics.kpi_attempts"])
    assert rows(built, OUTCOMES) == [("dropped",)]


@pytest.mark.parametrize("ordered", [[], [HOUR]])
def test_a_session_is_open_until_a_day_after_its_end_whatever_happened(ordered: list[float]) -> None:
    assert outcomes([0, 10 * MINUTE], ordered, 1) == ["open"]
    assert outcomes([0, 10 * MINUTE], ordered, 1 + 10 / 1440) == ["converted" if ordered else "dropped"]


def test_open_attempts_are_in_neither_numerator_nor_denominator() -> None:
    events = [event("d", 0, "landing"), event("e", 9 * DAY, "landing", customer_id="c")]
    built = warehouse(
        events=events,
        order_rows=[order("#1", 9 * DAY + 1, customer_id="c")],
        build=["metrics.kpis", "metrics.kpi_daily"],
        known_until=at(9.5 * DAY),
    )
    columns = "numerator, denominator, open_count, value"
    assert rows(built, f"select {columns} from metrics.kpis where kpi = 'conversion' and period = 'all'") == [
        (0, 1, 1, 0)
    ]
    daily = rows(built, f"select {columns} from metrics.kpi_daily where kpi = 'conversion' order by happened_on")
    assert daily == [(0, 1, 0, 0), (0, 0, 1, None)]


def test_days_without_tracking_are_left_out_of_every_figure() -> None:
    down = 7
    events = [
        event(f"{day}/{i}", day * DAY + HOUR + i, "landing", customer_id=f"c{day}/{i}")
        for day in range(15)
        for i in range(1 if day == down else 20)
    ]
    orders = [
        order(f"#{day}/{i}", day * DAY + 2 * HOUR + i, customer_id=f"c{day}/{i}") for day in range(15) for i in range(4)
    ]
    feedback = [answer(f"a{day}", day * DAY + 3 * HOUR, 5) for day in range(15)]
    built = warehouse(events=events, order_rows=orders, feedback=feedback, build=["metrics.kpis"])
    headline = "select kpi from settings.kpis where is_headline"
    query = f"select kpi, denominator from metrics.kpis where period = 'all' and kpi in ({headline}) order by 1"
    assert rows(built, query) == [("conversion", 14 * 20), ("retention", 14 * 4), ("satisfaction", 14)]
    assert rows(built, "select count(*) from metrics.kpi_attempts where happened_on = date '2026-01-12'") == [(0,)]


@pytest.mark.parametrize(("n", "k"), [(1, 0), (10, 3)])
def test_the_interval_is_wilsons(n: int, k: int) -> None:
    # One instant: one answer a person, nothing else.
    feedback = [answer(f"a{i}", i, 5 if i < k else 1) for i in range(n)]
    built = warehouse(feedback=feedback, build=["metrics.kpis"])
    found = rows(built, "select value, low, high from metrics.kpis where period = 'all'")
    wanted = binomtest(k, n).proportion_ci(method="wilson")
    assert found[0] == pytest.approx((k / n, wanted.low, wanted.high), abs=1e-5)


def test_the_target_of_the_settings_stands_beside() -> None:
    feedback = [answer("a", 0, 5)]
    built = warehouse(feedback=feedback, build=["metrics.kpis"], shop=settings(targets={"satisfaction": 0.8}))
    assert rows(built, "select target from metrics.kpis where period = 'all'") == [(0.8,)]


instants = strategies.one_of(
    strategies.integers(0, 24 * 12).map(lambda n: n * HOUR),
    strategies.integers(0, 24 * 12 * 4).map(lambda n: n * 15 * MINUTE),
)
everyone = strategies.lists(
    strategies.tuples(
        strategies.lists(instants, max_size=8, unique=True), strategies.lists(instants, max_size=3, unique=True)
    ),
    min_size=1,
    max_size=15,
)


@budget(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(everyone, strategies.integers(1, 14))
def test_equal_to_giving_each_order_to_its_session(people: list[Any], known_days: int) -> None:
    known = known_days * DAY
    events, orders, wanted = [], [], []
    for who, (visits, bought) in enumerate(people):
        visits, bought = [[t for t in sorted(times) if t <= known] for times in (visits, bought)]
        events += [event(f"d{who}", t, "landing", customer_id=f"c{who}") for t in visits]
        orders += [order(f"#{who}/{i}", t, customer_id=f"c{who}") for i, t in enumerate(bought)]
        wanted += _sessions(visits, bought, known)
    built = warehouse(
        events=events, order_rows=orders, build=["metrics.kpis", "metrics.kpi_daily"], known_until=at(known)
    )
    down = {day for (day,) in rows(built, "select outage_on from metrics.outage_days where outage = 'tracking'")}
    wanted = [(start, outcome) for start, outcome in wanted if _day(start) not in down]
    found = rows(built, "select happened_at, outcome from metrics.kpi_attempts where kpi = 'conversion'")
    assert Counter(found) == Counter((at(start), outcome) for start, outcome in wanted)

    query = "from metrics.{} where kpi = 'conversion'"
    daily = rows(built, "select happened_on, numerator, denominator, open_count " + query.format("kpi_daily"))
    assert {row[0]: row[1:] for row in daily} == {
        day: _counts([o for start, o in wanted if _day(start) == day]) for day in {_day(start) for start, _ in wanted}
    }
    periods = rows(built, "select period, numerator, denominator, open_count, low, high " + query.format("kpis"))
    assert {row[0]: row[1:4] for row in periods} == _periods(wanted)
    assert all(
        row[4:] == pytest.approx(tuple(binomtest(int(row[1]), row[2]).proportion_ci(method="wilson")), abs=1e-5)
        for row in periods
    )


def _day(when: float) -> date:
    return (START + timedelta(seconds=when)).date()


def _counts(outcomes: list[str]) -> tuple[int, int, int]:
    """Numerator, denominator, open."""
    found = Counter(outcomes)
    return found["converted"], found["converted"] + found["dropped"], found["open"]


def _sessions(visits: list[float], bought: list[float], known: float) -> list[tuple[float, str]]:
    """Start and outcome of each session of one person, one order at a time."""
    runs: list[list[float]] = []
    for when in visits:
        if runs and when - runs[-1][-1] <= 30 * MINUTE and when - runs[-1][0] < DAY:
            runs[-1].append(when)
        else:
            runs.append([when])
    ordered = set()
    for when in bought:
        before = [run[0] for run in runs if run[0] <= when and when - run[-1] <= DAY]
        ordered |= {max(before)} if before else set()
    return [
        (run[0], "open" if known - run[-1] < DAY else "converted" if run[0] in ordered else "dropped") for run in runs
    ]


def _periods(attempts: list[tuple[float, str]]) -> dict[str, tuple[int, int, int]]:
    """All, and the halves of the matured days."""
    days = sorted(_day(start) for start, outcome in attempts if outcome != "open")
    if not days:
        return {}
    middle = days[0] + timedelta(days=((days[-1] - days[0]).days + 1) // 2)
    matured = [(_day(start), outcome) for start, outcome in attempts if outcome != "open"]
    halves = {
        "before": _counts([outcome for day, outcome in matured if day < middle]),
        "after": _counts([outcome for day, outcome in matured if day >= middle]),
    }
    return {"all": _counts([outcome for _, outcome in attempts])} | {k: v for k, v in halves.items() if v[1]}


def test_an_attempt_has_the_session_in_which_it_began_and_its_device() -> None:
    looked = [event("phone", n, name, customer_id="c", device="mobile") for n, name in enumerate(("product", "add"))]
    bought = [
        event("pc", DAY + n, name, customer_id="c", device="desktop") for n, name in enumerate(("add", "checkout"))
    ]
    built = warehouse(
        events=[*looked, *bought],
        order_rows=[order("#1", DAY + 60, customer_id="c"), order("#2", 9 * DAY, customer_id="c")],
        feedback=[answer("1", 3 * DAY, 5, customer_id="c")],
        build=["metrics.kpi_attempts"],
    )
    query = (
        "select kpi, happened_on - date '2026-01-05', session_number, attempts.device "
        "from metrics.kpi_attempts as attempts left join journeys.sessions using (session_id) order by all"
    )
    assert rows(built, query) == [
        ("cart_abandonment", 0, 1, "mobile"),
        ("checkout_abandonment", 1, 1, "mobile"),
        ("conversion", 0, 1, "mobile"),
        ("conversion", 1, 2, "desktop"),
        ("net_order_value", 1, 2, "desktop"),
        ("net_order_value", 9, None, None),
        ("retention", 1, 2, "desktop"),
        ("satisfaction", 3, None, None),
        # The second order is a journey of its own, which reaches every stage at once.
        *(
            (f"stage_passage:{stage}", day, session, device)
            for stage, entered in (
                ("cart", (0, 1, "mobile")),
                ("checkout", (1, 2, "desktop")),
                ("consideration", (0, 1, "mobile")),
                ("discovery", (0, 1, "mobile")),
            )
            for day, session, device in (entered, (9, None, None))
        ),
        ("step_conversion:buy:2", 0, 1, "mobile"),
        ("step_conversion:buy:3", 0, 1, "mobile"),
    ]
