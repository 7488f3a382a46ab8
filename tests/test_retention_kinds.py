"""Each kind of retention, by cohort and segment: by hand, beside a slow second count, and whatever comes later."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

import duckdb
import pytest
from conftest import cases
from given import at, event, examples, order, rows, settings, warehouse
from hypothesis import HealthCheck, given, strategies
from hypothesis import settings as budget
from pydantic import ValidationError
from slow_retention import Asked, outcome, period_of

from parcours.questions.retention import answer_retention, members_of

DAY = 86400.0
MEMBERS, CELLS = "metrics.retention_members", "metrics.retention_by_segment"
KINDS = ("on", "on_or_after", "recurring", "cumulative", "calendar", "bracket")


def bought(who: str, days: Iterable[float], device: str) -> tuple[list[Any], list[Any]]:
    """A customer's orders, the first one in a session on a device."""
    placed = sorted(days)
    orders = [order(f"#{who}{n}", day * DAY, customer_id=who) for n, day in enumerate(placed)]
    return [event(f"web-{who}", placed[0] * DAY, "product", customer_id=who, device=device)], orders


@pytest.fixture(scope="module")
def shop() -> duckdb.DuckDBPyConnection:
    """Four customers of January 2026, known for 100 days; of the fifth only 20 days are known."""
    given_rows = [
        bought("a", [0, 10, 35, 70], "mobile"),
        bought("b", [0, 45], "mobile"),
        bought("c", [1, 1], "desktop"),
        bought("d", [2], "desktop"),
        bought("e", [80, 81], "desktop"),
    ]
    return warehouse(
        events=[one for events, _ in given_rows for one in events],
        order_rows=[one for _, orders in given_rows for one in orders],
        build=[CELLS, "metrics.retention_expected"],
        known_until=at(100 * DAY),
        shop=settings(measures={"retention_brackets": [[0, 6], [7, 40], [30, 89]]}),
    )


def cells(shop: duckdb.DuckDBPyConnection, kind: str, value: str = "all") -> list[tuple[int, ...]]:
    """Of January's cohort: interval, returned, dropped and open count of the first three intervals."""
    return rows(
        shop,
        "select interval_number, returned_count, dropped_count, open_count from metrics.retention_by_segment "
        f"where kind = '{kind}' and value = '{value}' and cohort_at = '2026-01-01' and interval_number < 3 "
        "order by interval_number",
    )


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("on", [(0, 2, 2, 0), (1, 2, 2, 0), (2, 1, 3, 0)]),  # a and c; a and b; a
        ("on_or_after", [(0, 3, 1, 0), (1, 2, 2, 0), (2, 1, 3, 0)]),
        ("cumulative", [(0, 2, 2, 0), (1, 3, 1, 0), (2, 3, 1, 0)]),
        ("recurring", [(1, 2, 2, 0), (2, 1, 3, 0)]),
        ("bracket", [(0, 1, 3, 0), (1, 1, 3, 0), (2, 2, 2, 0)]),  # c at once; a; a and b
        ("calendar", [(0, 4, 0, 0), (1, 2, 2, 0), (2, 1, 3, 0)]),  # a on 9 February and 16 March, b on 19 February
    ],
)
def test_each_kind_counts(shop: duckdb.DuckDBPyConnection, kind: str, expected: list[tuple[int, ...]]) -> None:
    assert cells(shop, kind) == expected


def test_segments_are_those_of_the_first_order_and_add_up_to_all(shop: duckdb.DuckDBPyConnection) -> None:
    assert cells(shop, "on", "mobile") == [(0, 1, 1, 0), (1, 2, 0, 0), (2, 1, 1, 0)]
    assert cells(shop, "on", "desktop") == [(0, 1, 1, 0), (1, 0, 2, 0), (2, 0, 2, 0)]
    sums = (
        "select kind, cohort_at, interval_number, sum(entered_count), sum(returned_count), sum(dropped_count), "
        f"sum(open_count) from {CELLS} where dimension = '{{}}' group by all order by all"
    )
    assert rows(shop, sums.format("device")) == rows(shop, sums.format("all")) != []


def test_an_interval_that_is_open_for_everybody_has_no_rate_and_one_of_some_counts_them_alone(
    shop: duckdb.DuckDBPyConnection,
) -> None:
    april = (
        "select entered_count, finished_count, returned_count, open_count, retention_rate, retention_low "
        f"from {CELLS} where kind = '{{}}' and value = 'all' and cohort_at = '2026-03-01' and interval_number = {{}}"
    )
    # e came back on the second day, but 30 days are not over; of the first bracket, a week, they are.
    assert rows(shop, april.format("on", 0)) == [(1, 0, 0, 1, None, None)]
    [(entered, finished, returned, still_open, rate, low)] = rows(shop, april.format("bracket", 0))
    assert (entered, finished, returned, still_open, rate) == (1, 1, 1, 0, 1.0) and 0.2 < low < 0.21


def test_every_row_adds_up(shop: duckdb.DuckDBPyConnection) -> None:
    broken = (
        f"select * from {CELLS} where entered_count <> returned_count + dropped_count + open_count "
        "or finished_count <> returned_count + dropped_count or (retention_rate is null) <> (finished_count = 0)"
    )
    assert rows(shop, broken) == [] and rows(shop, f"select count(*) > 100 from {CELLS}") == [(True,)]


def test_every_list_is_as_long_as_its_count(shop: duckdb.DuckDBPyConnection) -> None:
    listed = 0
    for kind in KINDS:
        members = members_of("orders", ["cohort_at", "device"], None, None, None)
        answer = answer_retention(lambda sql: shop.execute(sql).df(), members, ["cohort_at", "device"], kind, "")
        by_table = rows(
            shop,
            "select value, cohort_at, interval_number, entered_count, returned_count, dropped_count, open_count "
            f"from {CELLS} where dimension = 'device' and kind = '{kind}' order by 2, 1, 3",
        )
        named = ["device", "cohort_at", "interval_number"]
        counted = ["entered_count", "returned_count", "dropped_count", "open_count"]
        assert [*answer[named + counted].itertuples(index=False, name=None)] == by_table
        for one in answer[answer["interval_number"] < 3].to_dict("records"):
            for outcome_name in ("entered", "returned", "dropped", "open"):
                people = answer.people(
                    one["interval_number"], outcome_name, cohort_at=one["cohort_at"], device=one["device"]
                )
                assert len(people) == one[f"{outcome_name}_count"]
                listed += len(people)
    assert listed > 50


def test_brackets_out_of_order_or_backwards(shop: duckdb.DuckDBPyConnection) -> None:
    brackets = "select from_day, to_day from settings.retention_brackets order by bracket_number"
    assert rows(shop, brackets) == [(0, 6), (7, 40), (30, 89)]
    shuffled = settings(measures={"retention_brackets": [[30, 89], [0, 6], [0, 6]]})
    assert rows(warehouse(build=["settings.retention_brackets"], shop=shuffled), brackets) == [(0, 6), (30, 89)]
    with pytest.raises(ValidationError, match=r"expected \[first day, last day\], found \[9, 2\]"):
        settings(measures={"retention_brackets": [[9, 2]]})
    with pytest.raises(ValidationError, match="the retention of customers"):
        settings(retentions=[{"id": "orders", "label": "Mine"}])


@pytest.mark.parametrize(("day", "first_weeks"), [("monday", ["2026-01-05"]), ("sunday", ["2026-01-04"])])
def test_weeks_begin_as_the_retention_says(day: str, first_weeks: list[str]) -> None:
    built = warehouse(
        events=[event("a", "2026-01-05T10:00", "product"), event("a", "2026-01-11T10:00", "product")],
        build=["metrics.retention_calendar"],
        shop=settings(retentions=[{"id": "r", "label": "R", "period": "week", "week_starts_on": day}]),
    )
    found = rows(built, "select cohort_at, returned_count from metrics.retention_calendar where interval_number = 1")
    # The Sunday after is in the Monday's own week, or in the next one.
    assert found == [(datetime.fromisoformat(first_weeks[0]), 0 if day == "monday" else 1)]


@pytest.mark.parametrize("case", cases("retention_cases", "option"))
def test_published_case_with_at_least_so_many_comebacks(case: dict[str, Any]) -> None:
    semantics = case["semantics"]
    retention = {"id": "r", "label": "R", "period": "day", "cohort": "every", "at_least": semantics["min_occurrences"]}
    built = warehouse(
        events=[event(f"user {who}", when, name) for who, when, name in case["events"]],
        build=["metrics.retention_calendar"],
        shop=settings(retentions=[retention]),
    )
    found: dict[datetime, list[int]] = {}
    for cohort, count in rows(
        built, "select cohort_at, returned_count from metrics.retention_calendar order by cohort_at, interval_number"
    ):
        found.setdefault(cohort, []).append(count)
    start = datetime.fromisoformat(semantics["first_period"])
    for place, wanted in enumerate(case["expected"]["matrix"]):
        cohort = found.get(start + timedelta(days=place), [0] * len(wanted))
        assert cohort[: len(wanted)] == wanted, place


hours = strategies.lists(strategies.integers(0, 24 * 150), min_size=1, max_size=6)
random_shops = strategies.fixed_dictionaries(
    {
        "orders": strategies.dictionaries(strategies.sampled_from("abcde"), hours, min_size=1),
        "visits": strategies.dictionaries(strategies.sampled_from("vwxyz"), hours, min_size=1),
        "until": strategies.integers(24, 24 * 200),
        "earlier": strategies.integers(1, 24 * 100),
        "period": strategies.sampled_from(["day", "week", "month"]),
        "week_starts_on": strategies.sampled_from(["monday", "saturday", "sunday"]),
        "cohort": strategies.sampled_from(["first", "every"]),
        "at_least": strategies.integers(1, 2),
        "brackets": strategies.lists(
            strategies.tuples(strategies.integers(0, 40), strategies.integers(0, 60)).map(
                lambda two: (two[0], sum(two))
            ),
            min_size=1,
            max_size=3,
        ),
    }
)


def built_until(drawn: dict[str, Any], until: int) -> duckdb.DuckDBPyConnection:
    """The shop as it is known at an hour: nothing later has happened."""
    return warehouse(
        events=[
            event(f"web-{who}", hour * 3600.0, "product")
            for who, hours in drawn["visits"].items()
            for hour in sorted(set(hours))
            if hour <= until
        ],
        order_rows=[
            order(f"#{who}{n}", hour * 3600.0, customer_id=who)
            for who, hours in drawn["orders"].items()
            for n, hour in enumerate(sorted(hours))
            if hour <= until
        ],
        build=[CELLS],
        known_until=at(until * 3600.0),
        shop=settings(
            retentions=[
                {
                    "id": "visits",
                    "label": "V",
                    "comeback": ["product"],
                    "entry": ["product"],
                    **{key: drawn[key] for key in ("period", "week_starts_on", "cohort", "at_least")},
                }
            ],
            measures={"retention_brackets": [[*one] for one in drawn["brackets"]]},
        ),
    )


def counted_by_hand(drawn: dict[str, Any], until: int) -> Counter[tuple[Any, ...]]:
    """Each cell's outcomes, of the slow count."""
    found: Counter[tuple[Any, ...]] = Counter()
    visits = Asked(drawn["period"], drawn["week_starts_on"], drawn["brackets"], drawn["at_least"], first_interval=1)
    ways = {
        "orders": (drawn["orders"], Asked(brackets=drawn["brackets"]), "first"),
        "visits": ({who: [*set(hours)] for who, hours in drawn["visits"].items()}, visits, drawn["cohort"]),
    }
    for retention, (people, asked, cohort) in ways.items():
        numbers = range(12) if retention == "orders" else range(24)
        for hours in people.values():
            times = sorted(at(hour * 3600.0) for hour in hours if hour <= until)
            entries = {}
            for place, time in enumerate(times):
                entries.setdefault(period_of(time, asked), (time, times[place + 1 :]))
            for start in sorted(entries)[: 1 if cohort == "first" else None]:
                entered_at, comebacks = entries[start]
                for kind in KINDS:
                    for number in range(len(set(drawn["brackets"]))) if kind == "bracket" else numbers:
                        if kind in ("on", "on_or_after", "cumulative") and number < asked.first_interval:
                            continue
                        if kind == "recurring" and number == 0:
                            continue
                        came = outcome(kind, number, entered_at, comebacks, at(until * 3600.0), asked)
                        found[retention, kind, start, number, came] += 1
    return found


def counted_by_table(built: duckdb.DuckDBPyConnection) -> Counter[tuple[Any, ...]]:
    """Each cell's outcomes, of the table."""
    found: Counter[tuple[Any, ...]] = Counter()
    for retention, kind, start, number, *counts in rows(
        built,
        "select retention_id, kind, cohort_at, interval_number, returned_count, dropped_count, open_count "
        f"from {CELLS} where dimension = 'all'",
    ):
        for came, count in zip(("returned", "dropped", "open"), counts, strict=True):
            found[retention, kind, start, number, came] += count
    return +found


@pytest.mark.random
@budget(max_examples=examples(2, 40), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(random_shops)
def test_every_kind_equals_the_slow_count_and_what_comes_later_moves_nothing_that_is_over(
    drawn: dict[str, Any],
) -> None:
    built = built_until(drawn, drawn["until"])
    assert counted_by_table(built) == counted_by_hand(drawn, drawn["until"])

    before = built_until(drawn, max(drawn["until"] - drawn["earlier"], 0))
    cells = (
        "select retention_id, kind, cohort_at, interval_number, entered_count, open_count, returned_count, "
        f"dropped_count from {CELLS} where dimension = 'all' and kind <> 'on_or_after'"
    )
    now = {row[:4]: row[4:] for row in rows(built, cells)}
    for *cell, entered, still_open, returned, dropped in rows(before, cells):
        # A cohort whose own period is not over may still get more members.
        if still_open == 0 and now[tuple(cell)][0] == entered:
            assert now[tuple(cell)] == (entered, 0, returned, dropped), cell
