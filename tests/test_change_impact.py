"""Change impact: matched weekdays before and after, intervals that allow for persons, corrected p-values, verdicts."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, timedelta
from typing import Any

import duckdb
import numpy as np
import pytest
from given import START, at, event, order, rows, settings, warehouse
from hypothesis import HealthCheck, given, strategies
from hypothesis import settings as budget
from scipy.stats import false_discovery_control, norm

HOUR, DAY = 3600.0, 86400.0
COLUMNS = (
    "change_id, kpi, days_per_side, before_numerator, before_denominator, after_numerator, after_denominator, "
    "difference, low, high, p_value, corrected_p_value, verdict"
)


def day(number: int) -> date:
    """A shop day, from the Monday on which the data start."""
    return (START + timedelta(days=number)).date()


def change(name: str, number: int, **more: Any) -> dict[str, Any]:
    """A change on a day."""
    return {"id": name, "label": name, "date": day(number), **more}


def shop(changes: list[Any], **more: Any) -> Any:
    """A shop with changes and two weeks of comparison unless said."""
    return settings(
        changes=changes, comparison={"window_days": 14, "guard_days": 1, **more.pop("comparison", {})}, **more
    )


def visits(rates: dict[int, tuple[int, int]], **more: Any) -> duckdb.DuckDBPyConnection:
    """A warehouse where a day has so many sessions of as many persons, of which some order."""
    events, orders = [], []
    for number, (sessions, ordered) in rates.items():
        for i in range(sessions):
            who, when = f"{number}/{i}", number * DAY + HOUR + i
            events.append(event(f"d{who}", when, "landing", customer_id=f"c{who}"))
            if i < ordered:
                orders.append(order(f"#{who}", when + 1, customer_id=f"c{who}"))
    return warehouse(events=events, order_rows=orders, build=["metrics.change_impact"], **more)


def impact(built: duckdb.DuckDBPyConnection, columns: str, kpi: str = "conversion") -> list[Any]:
    """Columns of a figure's rows, by change."""
    return rows(built, f"select {columns} from metrics.change_impact where kpi = '{kpi}' order by change_id")


def test_the_same_weekdays_on_both_sides_without_the_guard_days() -> None:
    # The change is on a Monday, day 28. A session's order may come for a day: those of day 25 are known before the
    # guard day 27. So before are days 12–25 and after, without the change's own day, days 29–42.
    built = visits({number: (10 + number, 5) for number in range(60)}, shop=shop([change("x", 28)]))
    found = impact(built, "days_per_side, before_denominator, after_denominator")
    before, after = range(12, 26), range(29, 43)
    assert found == [(14, sum(10 + n for n in before), sum(10 + n for n in after))]


def test_the_weekdays_of_the_shorter_side_and_the_nearest_of_the_longer() -> None:
    built = visits({number: (10 + number, 5) for number in range(33)}, shop=shop([change("x", 28)]))
    # After: Tuesday to Friday, days 29–32. Before: the nearest Tuesday to Friday, days 22–25.
    found = impact(built, "days_per_side, before_denominator, after_denominator")
    assert found == [(4, sum(10 + n for n in range(22, 26)), sum(10 + n for n in range(29, 33)))]


def test_a_neighbouring_change_bounds_the_days() -> None:
    built = visits({number: (10 + number, 5) for number in range(70)}, shop=shop([change("x", 28), change("y", 37)]))
    found = impact(built, "days_per_side, before_denominator, after_denominator")
    # x: after are days 29–34, Tuesday to Sunday, before the nearest such days up to 25; y: before are days 29–34, after
    # the nearest such weekdays from 38.
    assert found == [
        (6, sum(10 + n for n in (19, 20, 22, 23, 24, 25)), sum(10 + n for n in range(29, 35))),
        (6, sum(10 + n for n in range(29, 35)), sum(10 + n for n in (38, 39, 40, 41, 43, 44))),
    ]


def test_outage_days_are_left_out_with_their_weekday_on_the_other_side() -> None:
    rates = dict.fromkeys(range(60), (20, 5)) | {30: (1, 1)}
    orders_go_on = [order(f"#{i}", 30 * DAY + i, customer_id=f"x{i}") for i in range(5)]
    events, orders = [], [*orders_go_on]
    for number, (sessions, ordered) in rates.items():
        for i in range(sessions):
            events.append(event(f"{number}/{i}", number * DAY + HOUR + i, "landing", customer_id=f"{number}/{i} c"))
            if i < ordered:
                orders.append(order(f"#{number}/{i}", number * DAY + HOUR + i, customer_id=f"{number}/{i} c"))
    built = warehouse(events=events, order_rows=orders, build=["metrics.change_impact"], shop=shop([change("x", 28)]))
    assert rows(built, "select outage from metrics.outage_days") == [("tracking",)]
    assert impact(built, "days_per_side, before_denominator, after_denominator") == [(13, 260, 260)]


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [((20, 5), (20, 12), "improved"), ((20, 12), (20, 5), "worsened"), ((20, 5), (20, 5), "no evidence")],
)
def test_verdicts_of_conversion(before: Any, after: Any, verdict: str) -> None:
    # Two thirds of the days with one more order, so that persons differ and no day is like the next.
    rates = {n: (lambda s: (s[0], s[1] + n % 3 % 2))(before if n < 28 else after) for n in range(56)}
    assert impact(visits(rates, shop=shop([change("x", 28)])), "verdict") == [(verdict,)]


def test_too_early_with_less_than_a_small_cell_after() -> None:
    rates = {n: (20, 5) if n < 28 else (20, 20) for n in range(30)}
    assert impact(visits(rates, shop=shop([change("x", 28)])), "after_denominator, p_value, verdict") == [
        (20, None, "too early")
    ]


def test_a_fall_of_abandonment_is_an_improvement() -> None:
    events, orders = [], []
    for number in range(56):
        for i in range(10):
            who, when = f"{number}/{i}", number * DAY + HOUR + i
            events.append(event(f"d{who}", when, "add", customer_id=f"c{who}"))
            if i < (2 if number < 28 else 7):
                orders.append(order(f"#{who}", when + 1, customer_id=f"c{who}"))
    built = warehouse(events=events, order_rows=orders, build=["metrics.change_impact"], shop=shop([change("x", 28)]))
    assert impact(built, "verdict, difference", "cart_abandonment") == [("improved", pytest.approx(-0.5))]


def test_a_segment_keeps_its_persona_only() -> None:
    personas = [{"id": "fr", "label": "FR", "where": [{"attribute": "country", "is": "FR"}]}]
    events = [
        event(f"{n}/{i}", n * DAY + HOUR + i, "landing", customer_id=f"c{n}/{i}", device=["mobile", "desktop"][i % 2])
        for n in range(56)
        for i in range(6)
    ]
    contacts = [
        {"contact_id": f"k{n}/{i}", "customer_id": f"c{n}/{i}", "country": "FR" if i < 3 else "BE"}
        for n in range(56)
        for i in range(6)
    ]
    changes = [
        change("a", 28, segment={"persona": "fr"}),
        change("b", 28, segment={"persona": "fr", "device": "mobile"}),
        change("c", 28, segment={"persona": ["fr", "unassigned"]}),
    ]
    built = warehouse(
        events=events, contacts=contacts, build=["metrics.change_impact"], shop=shop(changes, personas=personas)
    )
    assert impact(built, "before_denominator, after_denominator") == [(42, 42), (28, 28), (84, 84)]


def test_without_any_variance_there_is_no_test_and_it_is_not_among_those_corrected_for() -> None:
    built = visits({n: (20, 5) if n < 28 else (20, 8) for n in range(56)}, shop=shop([change("x", 28)]))
    # Of the three figures, every order has the same value and nobody came back: only conversion varies.
    found = rows(
        built, "select kpi, p_value is null, p_value = corrected_p_value from metrics.change_impact order by 1"
    )
    assert found == [("conversion", False, True), ("net_order_value", True, None), ("retention", True, None)]


HORIZONS = {"conversion": 1, "cart_abandonment": 7, "checkout_abandonment": 7, "retention": 20, "step_conversion": 7}
"""Days after its start until which an attempt of the next test may convert."""


@budget(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    strategies.integers(0, 2**32),
    strategies.lists(strategies.integers(10, 60), min_size=1, max_size=3, unique=True),
    strategies.integers(0, 3),
    strategies.integers(7, 30),
    strategies.integers(1, 40),
)
def test_equal_to_numpy_and_scipy(seed: int, changed: list[int], guard: int, window: int, small: int) -> None:
    rng = np.random.default_rng(seed)
    events, orders = [], []
    for who in range(60):
        loyal, number = rng.random(), rng.integers(0, 5)
        for visited in sorted(rng.choice(70, size=rng.integers(1, 14), replace=False)):
            when = visited * DAY + float(rng.integers(0, 20 * 3600))
            name = str(rng.choice(["landing", "product", "add"]))
            events.append(event(f"d{who}", when, name, customer_id=f"c{who}"))
            if rng.random() < loyal * (0.2 if visited < 35 else 0.5):
                orders.append(order(f"#{who}/{visited}", when + 60, customer_id=f"c{who}", value=float(number + 5)))
    changes = [change(f"x{i}", number) for i, number in enumerate(changed)]
    built = warehouse(
        events=events,
        order_rows=orders,
        build=["metrics.change_impact"],
        known_until=at(70 * DAY),
        shop=shop(
            changes,
            comparison={"guard_days": guard, "window_days": window},
            measures={"small_cell": small, "retention_days": 20},
        ),
    )
    found = {row[:2]: row[2:] for row in rows(built, f"select {COLUMNS} from metrics.change_impact")}
    wanted = _compared(built, changed, guard, window, small)
    assert found.keys() == wanted.keys()
    for key, row in wanted.items():
        figures, expected = ([np.nan if x is None else x for x in values[:-1]] for values in (found[key], row))
        assert figures == pytest.approx(expected, rel=1e-6, abs=2e-6, nan_ok=True), key
        assert found[key][-1] == row[-1] or abs((row[-2] or 0) - 0.05) < 1e-5, key


def _compared(
    built: duckdb.DuckDBPyConnection, changed: list[int], guard: int, window: int, small: int
) -> dict[tuple[str, str], tuple[Any, ...]]:
    """The slow, obvious form, from the attempts: day by day, then person by person."""
    attempts = defaultdict(list)
    for kpi, person, on, numerator in rows(
        built,
        "select kpi, person_id, happened_on, cast(numerator as double) from metrics.kpi_attempts where is_matured",
    ):
        attempts[kpi].append((person, on, numerator))
    out = {on for (on,) in rows(built, "select outage_on from metrics.outage_days")}
    found: dict[tuple[str, str], tuple[Any, ...]] = {}
    for i, number in enumerate(changed):
        tests: dict[str, tuple[Any, ...]] = {}
        for kpi, of_kpi in attempts.items():
            horizon = HORIZONS.get(kpi.split(":")[0], 0)
            first, last = min(on for _, on, _ in of_kpi), max(on for _, on, _ in of_kpi)
            earlier = max((n for n in changed if n < number), default=-9999)
            later = min((n for n in changed if n > number), default=9999)

            def usable(n: int, first: date = first, last: date = last) -> bool:
                return first <= day(n) <= last and day(n) not in out

            # The whole window of an attempt lies on its side.
            last_before = number - guard - 1 - horizon
            before = [n for n in range(last_before, last_before - window, -1) if n >= earlier + guard and usable(n)]
            after = [
                n for n in range(number + guard, number + guard + window) if n + horizon < later - guard and usable(n)
            ]
            sides: list[set[date]] = [set(), set()]
            for weekday in range(7):
                same = [[day(n) for n in side if n % 7 == weekday] for side in (before, after)]
                for side, days in zip(sides, same, strict=True):
                    side.update(days[: min(map(len, same))])
            (n0, d0, v0), (n1, d1, v1) = (_ratio([row for row in of_kpi if row[1] in side]) for side in sides)
            difference = n1 / d1 - n0 / d0 if d0 and d1 else None
            error = None if difference is None else (v0 + v1) ** 0.5
            p = None
            if error and error > 1e-9 and d0 >= small and d1 >= small:
                p = float(2 * norm.sf(abs(difference) / error))
            tests[kpi] = (len(sides[1]), n0, d0, n1, d1, difference, error, p)
        known = [kpi for kpi, row in tests.items() if row[-1] is not None]
        corrected = (
            dict(zip(known, false_discovery_control([tests[k][-1] for k in known]), strict=True)) if known else {}
        )
        for kpi, (days, n0, d0, n1, d1, difference, error, p) in tests.items():
            q = corrected.get(kpi)
            verdict = "no evidence"
            if d1 < small:
                verdict = "too early"
            elif q is not None and q < 0.05:
                verdict = "improved" if (difference > 0) != kpi.endswith("abandonment") else "worsened"
            half = None if error is None else 1.959964 * error
            low, high = (None, None) if half is None else (difference - half, difference + half)
            found[f"x{i}", kpi] = (
                days,
                n0 if d0 else None,
                d0,
                n1 if d1 else None,
                d1,
                difference,
                low,
                high,
                p,
                q,
                verdict,
            )
    return found


def _ratio(attempts: list[Any]) -> tuple[float, int, float]:
    """Numerator, denominator and the variance of their ratio, with the attempts of a person in one cluster."""
    total, count = sum(row[2] for row in attempts), len(attempts)
    if not count:
        return 0.0, 0, 0.0
    of_person: dict[str, list[float]] = defaultdict(list)
    for person, _, numerator in attempts:
        of_person[person].append(numerator)
    residuals = np.array([sum(numerators) - total / count * len(numerators) for numerators in of_person.values()])
    return total, count, float((residuals**2).sum() / count**2)
