"""What is said of changes, through the tables: from attempts to rows of metrics.change_impact."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import duckdb
import numpy as np
import pytest
from given import START, answer, at, event, order, rows, settings, warehouse
from numpy.typing import NDArray

from parcours.engine.checks import read_checks, run_check
from parcours.engine.model import read_model
from parcours.inference.blocks import Change, DailyFigure, weeks_around
from parcours.inference.estimator import estimate_change
from parcours.loading.settings_tables import write_settings
from parcours.project import ROOT
from parcours.settings.schema import JourneySettings
from parcours.tables.change_impact import write_change_impact
from parcours.tables.judged_changes import Days, _Shop, _sides

HOUR, DAY = 3600.0, 86400.0
FOLLOWING = ("change_attempts", "kpi_daily", "kpi_cut_off", "change_days", "change_spread", "change_weeks")
KNOWN = ("visits", "orders", "feedback")
Daily = tuple[NDArray[np.int64], NDArray[np.int64]]
"""Numerators and denominators by day, from START on."""


def day(number: int) -> date:
    """A shop day, from the Monday on which the data start."""
    return (START + timedelta(days=number)).date()


def change(name: str, number: int, **more: Any) -> dict[str, Any]:
    """A change on a day."""
    return {"id": name, "label": name.upper(), "date": day(number), **more}


@pytest.fixture(scope="module")
def empty() -> duckdb.DuckDBPyConnection:
    """A warehouse whose tables behind the attempts can be made again of other attempts."""
    return warehouse(build=["metrics.change_impact", "metrics.change_weeks"])


def model(name: str) -> str:
    return read_model(ROOT / "sql" / "metrics" / f"{name}.sql").sql


def shop_of(
    connection: duckdb.DuckDBPyConnection,
    figures: Mapping[str, Daily],
    changes: Sequence[Mapping[str, Any]],
    outages: Mapping[int, str] | None = None,
    known_from: Mapping[str, int] | None = None,
    **sections: Any,
) -> None:
    """Attempts of these figures, each of another person and on a phone, with changes; known until FAR but for a call of
    `judged`."""
    write_settings(connection, settings(changes=[*changes], **sections))
    connection.execute("delete from metrics.kpi_attempts")
    for kpi, (numerators, denominators) in figures.items():
        connection.execute(
            "insert into metrics.kpi_attempts by name "
            "select $kpi as kpi, day || '/' || n as attempt_id, attempt_id as unit_id, attempt_id as person_id, "
            "timestamp '2026-01-05 12:00' + to_days(cast(day as integer)) as happened_at, "
            "cast(happened_at as date) as happened_on, 'unassigned' as persona, 'mobile' as device, "
            "true as is_covered, true as is_matured, n < x as is_converted, 'converted' as outcome, "
            "cast(n < x as integer) as numerator, 1 as denominator "
            "from (select unnest($x) as x, unnest($n) as size, unnest(range(len($n))) as day) cross join "
            "lateral (select unnest(range(size)) as n)",
            {"kpi": kpi, "x": [*map(int, numerators)], "n": [*map(int, denominators)]},
        )
    connection.execute("delete from metrics.outage_days")
    for number, outage in (outages or {}).items():
        connection.execute("insert into metrics.outage_days (outage_on, outage) values (?, ?)", [day(number), outage])
    since = {f"{source}_from": day((known_from or {}).get(source, 0)) for source in KNOWN}
    connection.execute(
        f"update metrics.cut_off set {', '.join(f'{column} = ${column}' for column in since)}",
        {column: f"{value} 00:00" for column, value in since.items()},
    )


def judged(connection: duckdb.DuckDBPyConnection, until: int, tables: Sequence[str] = FOLLOWING) -> None:
    """Make again what follows from the attempts, as known at the midnight with which a day begins."""
    until_all = ", ".join(f"{source}_until = $until" for source in KNOWN)
    connection.execute(f"update metrics.cut_off set {until_all}", {"until": f"{day(until)} 00:00"})
    for name in tables:
        connection.execute(f"create or replace table metrics.{name} as {model(name)}")
    write_change_impact(connection)


def said(connection: duckdb.DuckDBPyConnection, columns: str, kpi: str = "satisfaction") -> list[tuple[Any, ...]]:
    """Columns of a figure's rows, by change."""
    return rows(connection, f"select {columns} from metrics.change_impact where kpi = '{kpi}' order by change_id")


def answers(rng: np.random.Generator, days: int, a_day: int, rate: Any) -> Daily:
    """Satisfied answers of so many a day; satisfaction has no horizon."""
    units = rng.poisson(a_day, days)
    return rng.binomial(units, np.broadcast_to(rate, days)), units


def moved(days: int, rate: float, first: int, effect: float, last: int = 10_000) -> np.ndarray[Any, Any]:
    number = np.arange(days)
    return np.where((number >= first) & (number <= last), rate * (1 + effect), rate)


# What a row says.


def test_a_row_is_what_the_inference_says_of_its_days(empty: duckdb.DuckDBPyConnection) -> None:
    satisfied, asked = answers(np.random.default_rng(1), 150, 60, moved(150, 0.5, 112, -0.3))
    shop_of(empty, {"satisfaction": (satisfied, asked)}, [change("x", 112)])
    judged(empty, 150)
    figure = DailyFigure(day(0), satisfied.astype(float), asked.astype(float), np.ones(150, bool), 0)
    weeks = weeks_around(figure, Change("X", day(112)), day(112 + 28), guard=1)
    estimate = estimate_change(weeks.blocks)
    [row] = said(
        empty,
        "verdict, crossed, is_faded, looked, looked_until, measuring_until, weeks_before, expected_value, difference, "
        "low, high, relative_difference, wander, p_seq, before_denominator, after_denominator, after_value",
    )
    assert row[:7] == ("worsened", "day 7", False, "day 28", day(140), None, 15)
    assert row[7:13] == pytest.approx(
        (
            estimate.expected,
            estimate.difference,
            estimate.difference_low,
            estimate.difference_high,
            estimate.relative,
            estimate.drift,
        )
    )
    assert row[13] < 0.04
    # 15 whole weeks end on day 110: day 111 is the guard day, and so is the change's own.
    assert row[14:16] == (asked[6:111].sum(), asked[113:141].sum())
    assert row[16] == pytest.approx(satisfied[113:141].sum() / asked[113:141].sum())
    assert said(empty, "sentence")[0][0].startswith("Worsened by day 7: −1")


def test_the_part_that_is_mix_and_the_part_that_is_rate_by_hand() -> None:
    # 80 on a phone at 10 % and 20 at a desk at 50 %; then 50 at 10 % and 50 at 60 %.
    found = _sides(
        Days(np.array([[8.0, 5.0], [10.0, 30.0]]), np.array([[80.0, 50.0], [20.0, 50.0]])),
        np.array([0, 1]),
        np.array([False, True]),
    )
    assert found is not None
    assert (found.before, found.after) == ((18.0, 100, 0.18), (35.0, 100, 0.35))
    # Phones fell by 30 points at a mean of 10 %, desks rose by as many at a mean of 55 %.
    assert found.mix == pytest.approx(-0.3 * 0.1 + 0.3 * 0.55)
    assert found.rate == pytest.approx(0.35 * 0.1)
    assert found.mix + found.rate == pytest.approx(found.difference)


def test_the_parts_add_up_whatever_a_device_lacks() -> None:
    rng = np.random.default_rng(2)
    for _ in range(50):
        units = rng.poisson(3, (4, 10)).astype(float) * (rng.random((4, 10)) < 0.5)
        by_device = Days(rng.binomial(units.astype(int), 0.4).astype(float), units)
        found = _sides(by_device, np.arange(10), np.arange(10) > 6)
        if found is not None:
            assert found.mix + found.rate == pytest.approx(found.difference, abs=1e-12)


def test_the_variance_is_by_person(empty: duckdb.DuckDBPyConnection) -> None:
    shop_of(empty, {"satisfaction": ([5] * 60, [10] * 60)}, [change("x", 50)])
    # The answers of a day are of five people, satisfied with both or neither: twice the variance.
    empty.execute(
        "update metrics.kpi_attempts set person_id = happened_on || cast(attempt_id.split('/')[2] as int) % 5"
    )
    empty.execute("update metrics.kpi_attempts set numerator = cast(hash(person_id) % 2 as integer)")
    judged(empty, 60)
    shop = _Shop(empty)
    [of_kpi] = [kpi for kpi in shop.kpis if kpi.kpi == "satisfaction"]
    assert shop.figure(shop.changes[0], of_kpi).design_effect == pytest.approx(2)


def test_the_variance_of_a_mean_by_hand(empty: duckdb.DuckDBPyConnection) -> None:
    shop_of(empty, {"net_order_value": ([2] * 60, [2] * 60)}, [change("x", 50)])
    empty.execute(
        "update metrics.kpi_attempts set numerator = case when ends_with(attempt_id, '/0') then 30 else 10 end"
    )
    judged(empty, 60)
    shop = _Shop(empty)
    [of_kpi] = [kpi for kpi in shop.kpis if kpi.kpi == "net_order_value"]
    figure = shop.figure(shop.changes[0], of_kpi)
    assert (figure.variation, figure.design_effect) == (pytest.approx(0.5), 1)
    empty.execute("update metrics.kpi_attempts set numerator = 20")
    judged(empty, 60)
    assert _Shop(empty).figure(shop.changes[0], of_kpi).variation == 0.01


def test_what_is_known_when_by_figure() -> None:
    # Orders are known from day 3 on and until noon of day 40: an order of day 38 may still come in time.
    built = warehouse(
        events=[event("d", n * DAY, "product", customer_id="c") for n in range(45)],
        order_rows=[order("#1", 3 * DAY, customer_id="c")],
        feedback=[answer("1", 7 * DAY + HOUR, 5, customer_id="c")],
        build=["metrics.kpi_cut_off"],
        known_until=at(40.5 * DAY),
        known_from={"events": at(0), "order_rows": at(3 * DAY + HOUR)},
        shop=settings(
            measures={"retention_days": 5},
            funnels=[
                {"id": "a", "name": "A", "window_days": "none", "steps": [{"touchpoint": "product"}] * 2},
                {"id": "b", "name": "B", "window_days": 0.5, "steps": [{"touchpoint": "product"}] * 2},
            ],
        ),
    )
    found = rows(
        built,
        "select kpi, horizon_days, first_on - date '2026-01-05', as_of_on - date '2026-01-05', "
        "last_on - date '2026-01-05' from metrics.kpi_cut_off order by kpi",
    )
    # A session may last for a day, and its order come a day later. Nobody says from when answers are known.
    assert found == [
        ("conversion", 2, 3, 40, 37),
        ("net_order_value", 0, 3, 40, 39),
        ("retention", 5, 3, 40, 34),
        ("satisfaction", 0, 7, 40, 39),
        *((f"stage_passage:{stage}", 14, 3, 40, 25) for stage in ("cart", "checkout", "consideration", "discovery")),
        ("step_conversion:b:2", 1, 0, 40, 38),
    ]


def test_a_day_in_summer_time_is_over_when_its_last_attempt_is(empty: duckdb.DuckDBPyConnection) -> None:
    # Clocks go forward on 29 March 2026: a day and 24 h after the end of the 28th is 1:00 of the 30th.
    shop = {"shop": {"name": "T", "time_zone": "Europe/Paris", "currency": "EUR"}, "measures": {"retention_days": 1}}
    shop_of(empty, {"retention": ([1], [1])}, [change("x", 9)], **shop)
    found = []
    for hour in (22, 23):
        judged(empty, 0)
        empty.execute("update metrics.cut_off set orders_until = $until", {"until": f"2026-03-29 {hour}:00"})
        found += rows(empty, f"select last_on from ({model('kpi_cut_off')}) where kpi = 'retention'")
    assert found == [(date(2026, 3, 27),), (date(2026, 3, 28),)]


@pytest.mark.parametrize("retention_days", [3650, 10**9])
def test_an_outcome_that_may_take_ten_years_is_in_no_verdict(
    empty: duckdb.DuckDBPyConnection, retention_days: int
) -> None:
    changes = [change("x", 0), {"id": "y", "label": "Y", "date": "1990-01-01", "until": "2199-12-31"}]
    shop_of(empty, {"retention": ([1] * 9, [2] * 9)}, changes, measures={"retention_days": retention_days})
    judged(empty, 9)
    assert said(empty, "verdict", "retention") == [("not measured before",)] * 2 * (retention_days == 3650)


def test_the_days_of_a_figure_are_those_of_a_plain_count(empty: duckdb.DuckDBPyConnection) -> None:
    rng = np.random.default_rng(5)
    figures = {kpi: answers(rng, 90, 6, 0.3) for kpi in ("satisfaction", "cart_abandonment")}
    shop_of(empty, figures, [change("x", 50)], {20: "payment", 30: "tracking"})
    empty.execute("update metrics.kpi_attempts set device = case when hash(attempt_id) % 3 = 0 then 'desktop' end")
    empty.execute("update metrics.kpi_attempts set person_id = cast(hash(attempt_id) % 40 as text)")
    empty.execute("delete from metrics.kpi_attempts where happened_on = date '2026-01-05' + 30")
    judged(empty, 90)
    shop = _Shop(empty)
    attempts = rows(empty, "select kpi, happened_on, person_id, cast(numerator as integer) from metrics.kpi_attempts")
    for kpi in shop.kpis:
        if kpi.kpi not in figures:
            continue
        figure = shop.figure(shop.changes[0], kpi)
        for number, found in enumerate(figure.denominators):
            on = figure.first_day + timedelta(number)
            of_day = [x for name, happened, _, x in attempts if name == kpi.kpi and happened == on]
            assert (figure.numerators[number], found) == (sum(of_day), len(of_day))
            assert figure.is_counted[number] == (on != day(30))
            assert figure.is_outage is not None and figure.is_outage[number] == (on == day(20))
        last = day(50 - 1 - kpi.horizon - 1)
        known = [row for row in attempts if row[0] == kpi.kpi and _monday(row[1]) + timedelta(6) <= last]
        rate = sum(x for *_, x in known) / len(known)
        of_person: dict[Any, float] = defaultdict(float)
        for _, happened, person, x in known:
            of_person[person, _monday(happened)] += x - rate
        effect = sum(off**2 for off in of_person.values()) / sum((x - rate) ** 2 for *_, x in known)
        assert figure.design_effect == pytest.approx(max(effect, 1))


def _monday(on: date) -> date:
    return on - timedelta(days=on.weekday())


# Which words.


LOOKS = (112, 119, 120, 127, 128, 134, 141, 148, 155)


@pytest.mark.parametrize("nights", [LOOKS, pytest.param(range(112, 158), marks=pytest.mark.statistics)])
def test_read_night_by_night_nothing_is_taken_back(empty: duckdb.DuckDBPyConnection, nights: Sequence[int]) -> None:
    rng = np.random.default_rng(3)
    figures = {
        "satisfaction": answers(rng, 160, 80, moved(160, 0.5, 112, -0.5, 119)),
        "cart_abandonment": answers(rng, 160, 80, 0.6),
        "net_order_value": answers(rng, 160, 80, moved(160, 0.5, 112, 0.4)),
    }
    shop_of(empty, figures, [change("x", 112), change("y", 126)])
    judged(empty, 160)
    words: dict[tuple[str, str], list[tuple[Any, ...]]] = defaultdict(list)
    for night in nights:
        judged(empty, night, ["kpi_cut_off"])
        for change_id, kpi, *row in rows(
            empty,
            "select change_id, kpi, verdict, crossed, is_faded, looked, measuring_until from metrics.change_impact",
        ):
            words[change_id, kpi].append((*row,))
    for of_figure in words.values():
        for before, after in pairwise(of_figure):
            if before[0] in ("improved", "worsened"):
                assert before[:2] == after[:2] and before[2] <= after[2]
            if before[:3] != after[:3]:
                assert before[3] != after[3], "another word at a look only"
    ends = {key: of_figure[-1][:3] for key, of_figure in words.items()}
    assert ends["x", "satisfaction"][:2] == ("worsened", "day 7")
    assert ends["x", "net_order_value"][:2] == ("improved", "day 7")
    assert ends["x", "cart_abandonment"][0] in ("no evidence", "too little to tell", "cannot be told apart")


@pytest.mark.statistics
def test_a_shop_loaded_night_by_night_says_what_it_said() -> None:
    # Visits go over midnight, orders come up to a day after them, carts are ordered days later.
    rng, hour = np.random.default_rng(13), 3600.0
    events, orders = [], []
    for who in range(4200):
        when = float(rng.integers(0, 105 * 24)) * hour + float(rng.integers(0, 3600))
        names = ["landing", "product", "add", "checkout"][: int(rng.integers(1, 5))]
        seen = [event(f"d{who}", when + 900 * n, name, customer_id=f"c{who}") for n, name in enumerate(names)]
        if len(names) == 4 and rng.random() < (0.4 if when < 60 * DAY else 0.8):
            late = float(rng.choice([60, 20 * hour, 60 * hour]))
            orders.append(order(f"#{who}", when + 2700 + late, customer_id=f"c{who}", value=float(rng.integers(5, 90))))
        events += seen
    shop = settings(
        changes=[change("x", 60), change("y", 70, until=day(72))],
        measures={"retention_days": 5, "attribution_hours": 24},
    )
    columns = (
        "verdict, crossed, is_faded, looked, read_on, after_denominator, before_denominator, difference, low, high"
    )
    read: dict[tuple[str, str], list[tuple[Any, ...]]] = defaultdict(list)
    for night in range(60, 104):
        built = warehouse(
            events=[row for row in events if row["occurred_at"] < at(night * DAY)],
            order_rows=[row for row in orders if row["ordered_at"] < at(night * DAY)],
            build=["metrics.change_impact"],
            known_until=at(night * DAY),
            known_from={"events": at(0), "order_rows": at(0)},
            shop=shop,
        )
        for change_id, kpi, *row in rows(built, f"select change_id, kpi, {columns} from metrics.change_impact"):
            read[change_id, kpi].append((day(night), *row))
        built.close()
    assert {row[1] for of_figure in read.values() for row in of_figure} >= {"improved", "measuring", "no evidence"}
    for key, of_figure in read.items():
        for before, after in pairwise(of_figure):
            if before[4] == after[4]:
                assert before[1:4] == after[1:4], (key, before, after)
                numbers = [[value for value in row[6:] if value is not None] for row in (before, after)]
                assert numbers[0] == pytest.approx(numbers[1], rel=1e-6), (key, before, after)
            else:
                assert after[5] == after[0], "a look is read on its day"
            if before[1] in ("improved", "worsened"):
                assert before[1:3] == after[1:3]


def test_payment_outages_of_an_incident_are_its_own_days(empty: duckdb.DuckDBPyConnection) -> None:
    satisfied = answers(np.random.default_rng(4), 170, 100, moved(170, 0.5, 130, -0.4, 139))
    incident = change("x", 130, until=day(139))
    found = []
    for flagged in ({}, dict.fromkeys(range(130, 140), "payment")):
        shop_of(empty, {"satisfaction": satisfied}, [incident], flagged)
        judged(empty, 170)
        found += said(empty, "verdict, looked, difference, low, high, after_denominator, ended_on")
    assert found[0] == found[1]
    assert found[0][:2] == ("worsened", "14 days after its end") and found[0][-1] == day(139)
    # Of a change that holds on they are left out: of the first four weeks nine of the days.
    shop_of(empty, {"satisfaction": satisfied}, [change("x", 130)], dict.fromkeys(range(130, 140), "payment"))
    judged(empty, 170)
    [(units,)] = said(empty, "after_denominator")
    assert units == satisfied[1][140:159].sum()


def test_a_source_that_begins_at_the_change_was_not_measured_before(empty: duckdb.DuckDBPyConnection) -> None:
    figures = {kpi: answers(np.random.default_rng(6), 150, 40, 0.5) for kpi in ("satisfaction", "cart_abandonment")}
    shop_of(empty, figures, [change("x", 112)], known_from={"feedback": 112})
    judged(empty, 150)
    assert said(empty, "verdict, weeks_before, difference, sentence") == [
        (
            "not measured before",
            0,
            None,
            "Not measured before: 0 whole weeks before the change are known, and it takes 4.",
        )
    ]
    assert said(empty, "weeks_before", "cart_abandonment") == [(14,)]
    shop_of(empty, {"satisfaction": ([1] * 150, [1] * 150)}, [change("x", 112)])
    judged(empty, 150)
    assert said(empty, "verdict, cause") == [("too little to tell", "few attempts")]


def test_the_figure_that_a_change_was_to_move_has_half_of_the_allowance(empty: duckdb.DuckDBPyConnection) -> None:
    rng = np.random.default_rng(8)
    figures = {
        "satisfaction": answers(rng, 150, 90, moved(150, 0.5, 112, 0.065)),
        "retention": answers(rng, 150, 90, 0.3),
        "cart_abandonment": answers(rng, 150, 90, 0.6),
        "checkout_abandonment": answers(rng, 150, 90, 0.6),
    }
    words = []
    for moves in ([], ["satisfaction"]):
        shop_of(empty, figures, [change("x", 112, moves=moves)])
        judged(empty, 150)
        words += said(empty, "verdict, is_meant")
    assert words == [("no evidence", False), ("improved", True)]


def test_no_share_is_expected_below_0_or_above_1(empty: duckdb.DuckDBPyConnection) -> None:
    # Eight changes a day apart: their sum alone is known, and not well.
    figures = {"satisfaction": answers(np.random.default_rng(12), 200, 20, 0.9)}
    shop_of(empty, figures, [change(f"x{number}", 140 + number) for number in range(8)])
    judged(empty, 200)
    found = said(empty, "after_value, expected_value, difference, low, high, together_with, sentence")
    for after, expected, difference, low, high, together, sentence in found:
        assert 0 <= expected <= 1 and low <= difference <= high
        assert after - high > -0.02 and after - low < 1.02  # the weekdays' mix apart
        assert len(together.split("; ")) == 7 and "and 4 more" in sentence


def test_changes_near_each_other_are_said_together(empty: duckdb.DuckDBPyConnection) -> None:
    rate = moved(200, 0.5, 140, 0.2) * moved(200, 1.0, 142, 0.2)
    shop_of(
        empty,
        {"satisfaction": answers(np.random.default_rng(9), 200, 150, rate)},
        [change("x", 140), change("y", 142)],
    )
    judged(empty, 200)
    for verdict, together, sentence in said(empty, "verdict, together_with, sentence"):
        assert verdict in ("improved", "cannot be told apart")
        assert together in ("“X”", "“Y”") and together in sentence


def test_the_calendar_explains_what_comes_every_time(empty: duckdb.DuckDBPyConnection) -> None:
    # Sales of two weeks, twice in the past; then a change on the first day of the third.
    rate = np.full(260, 0.3)
    for first in (40, 110, 210):
        rate[first : first + 14] *= 1.5
    figures = {"satisfaction": answers(np.random.default_rng(10), 260, 150, rate)}
    spans = [{"from": day(first), "until": day(first + 13)} for first in (40, 110, 210)]
    found = []
    for calendar in ([], [{"name": "Sales", "spans": spans}]):
        shop_of(empty, figures, [change("x", 210)], calendar=calendar)
        judged(empty, 260)
        found += said(empty, "difference")
    assert abs(found[1][0]) < abs(found[0][0]) / 3


def test_other_changes_far_away_alter_nothing(empty: duckdb.DuckDBPyConnection) -> None:
    figures = {"satisfaction": answers(np.random.default_rng(11), 300, 100, moved(300, 0.4, 250, 0.3))}
    found = []
    for others in ([], [change("y", 100)]):
        shop_of(empty, figures, [change("x", 250), *others])
        judged(empty, 300)
        found.append(said(empty, "verdict, difference, high - low")[0])
    assert found[0][0] == found[1][0] == "improved"
    assert found[0][1:] == pytest.approx(found[1][1:], rel=0.1)


def test_the_weeks_of_a_chart_count_from_the_change_and_are_over(empty: duckdb.DuckDBPyConnection) -> None:
    shop_of(empty, {"satisfaction": ([1] * 50, [2] * 50)}, [change("x", 23)])
    judged(empty, 40)
    found = rows(empty, "select week_number, week_on, numerator, denominator from metrics.change_weeks order by 1")
    assert [row[0] for row in found] == [-4, -3, -2, -1, 0, 1]
    assert found[0][2:] == (2, 4) and found[1] == (-3, day(2), 7, 14) and found[-1] == (1, day(30), 7, 14)


# Which attempts a change concerned.


def shop_with(*segments: Mapping[str, Any]) -> JourneySettings:
    return settings(
        changes=[change(f"x{number}", 1, segment=segment) for number, segment in enumerate(segments)],
        attributes=[
            {"id": "plan", "from": "plan", "scope": "session"},
            {"id": "gift", "from": "gift", "scope": "order"},
        ],
        personas=[{"id": "fr", "label": "FR", "where": [{"attribute": "country", "is": "FR"}]}],
    )


@pytest.fixture(scope="module")
def visited() -> duckdb.DuckDBPyConnection:
    """Visits of two customers a day in France, on a phone, and one in Belgium at a desk; plan: pro every other day."""
    places = [(n, i) for n in range(4) for i in range(3)]
    return warehouse(
        events=[
            event(
                f"{n}/{i}",
                n * DAY + HOUR + i,
                "landing",
                customer_id=f"c{n}/{i}",
                device=["mobile", "mobile", "desktop"][i],
                campaign_source="news" if i == 1 else None,
                attributes=[{"attribute": "plan", "said": ["pro", "free"][n % 2]}],
            )
            for n, i in places
        ],
        contacts=[
            {"contact_id": f"k{n}/{i}", "customer_id": f"c{n}/{i}", "country": "FR" if i < 2 else "BE"}
            for n, i in places
        ],
        order_rows=[
            order(
                f"#{n}",
                n * DAY + 2 * HOUR,
                customer_id=f"c{n}/0",
                attributes=[{"attribute": "gift", "said": str(n % 2)}],
            )
            for n in range(4)
        ],
        build=["metrics.change_impact"],
        shop=shop_with(),
    )


def test_a_change_concerns_the_part_that_its_segment_names(visited: duckdb.DuckDBPyConnection) -> None:
    segments = [
        {"device": "mobile"},
        {"device": ["mobile", "desktop"], "country": "BE"},
        {"persona": "fr", "plan": "pro"},
        {"persona": ["fr", "unassigned"]},
        {"gift": "1"},
        {"channel": "direct", "plan": "free"},
    ]
    write_settings(visited, shop_with(*segments))
    for name in ("change_attempts", "change_days"):
        visited.execute(f"create or replace table metrics.{name} as {model(name)}")
    counted = (
        "select change_id, sum(denominator) from metrics.change_days where kpi = '{}' and change_id <> 'all changes' "
        "group by change_id order by change_id"
    )
    assert rows(visited, counted.format("conversion")) == [("x0", 8), ("x1", 4), ("x2", 4), ("x3", 12), ("x5", 4)]
    assert rows(visited, counted.format("net_order_value")) == [("x0", 4), ("x2", 2), ("x3", 4), ("x4", 2), ("x5", 2)]


@pytest.mark.parametrize(
    ("segment", "found"),
    [
        ({"device": "moblie"}, [("device", "moblie", "mobile")]),
        ({"country": "FRA"}, [("country", "FRA", "FR")]),
        ({"plan": ["pro", "Fre"]}, [("plan", "Fre", "free")]),
        ({"device": "mobile", "channel": "direct", "plan": "pro", "persona": "fr"}, []),
    ],
)
def test_a_value_that_does_not_occur_stops_a_run_with_the_nearest_one(
    visited: duckdb.DuckDBPyConnection, segment: Any, found: list[Any]
) -> None:
    write_settings(visited, shop_with(segment))
    [check] = [check for check in read_checks(ROOT / "sql" / "checks") if check.name == "change_segments_occur"]
    assert check.severity == "error"
    samples = run_check(visited, check).samples
    assert [(row["attribute"], row["value"], row["nearest"]) for row in samples] == found
