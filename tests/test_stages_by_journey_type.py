"""Which stages the journeys of a type visit: a shop by hand, small cells, and plain Python beside it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import groupby
from math import sqrt
from pathlib import Path
from statistics import fmean, median
from typing import Any

import duckdb
import pytest
from given import answer, at, event, examples, order, rows, settings, warehouse
from hypothesis import given as drawn
from hypothesis import settings as how
from hypothesis import strategies as st

from parcours.project import ROOT
from parcours.warehouse.functions import write_functions

DAY = 86400.0
SQL = Path(ROOT, "sql/metrics/stages_by_journey_type.sql").read_text(encoding="utf-8")
TYPES = ("first purchase", "renewal", "support", "usage")
STAGES = ("cart", "checkout", "help")
Journey = tuple[str, list[tuple[str, int]], list[tuple[str, int]], bool]
"""Its type, its visits to stages with their seconds, its answers about stages, and whether it is over."""


def test_the_journeys_of_a_type_that_are_over_by_the_stages_that_they_visit() -> None:
    built = warehouse(
        events=[
            # The first purchase of c comes by the cart and back; the renewal, a month later, straight to the checkout.
            event("a", 0, "landing", customer_id="c"),
            event("a", 10, "add", customer_id="c"),
            event("a", 40, "landing", customer_id="c"),
            event("a", 45, "add", customer_id="c"),
            event("a", 50, "checkout", customer_id="c"),
            event("a", 40 * DAY, "checkout", customer_id="c"),
            event("b", 0, "help", customer_id="b"),
            event("d", 0, "landing"),
            event("e", 100 * DAY, "landing"),  # may still go on
        ],
        order_rows=[order("#1", 60, customer_id="c"), order("#2", 40 * DAY + 9, customer_id="c")],
        feedback=[answer("1", DAY, 5, order_id="#1"), answer("2", 41 * DAY, 1, order_id="#2")],
        build=["metrics.stages_by_journey_type"],
        known_until=at(101 * DAY),
        shop=settings(measures={"small_cell": 1}),
    )
    found = rows(
        built,
        "select journey_type, stage, journey_count, visited_count, median_seconds, answer_count, satisfaction_mean "
        "from metrics.stages_by_journey_type where visited_count > 0 order by journey_type, stage_position",
    )
    assert found == [
        ("all", "discovery", 4, 2, 7.5, 0, None),
        ("all", "cart", 4, 1, 35.0, 0, None),
        ("all", "checkout", 4, 2, 9.5, 0, None),
        ("all", "purchase", 4, 2, DAY - 34.5, 2, 5.0),
        ("all", "support", 4, 1, 0.0, 0, None),
        ("first purchase", "discovery", 1, 1, 15.0, 0, None),
        ("first purchase", "cart", 1, 1, 35.0, 0, None),
        ("first purchase", "checkout", 1, 1, 10.0, 0, None),
        ("first purchase", "purchase", 1, 1, DAY - 60, 1, 10.0),
        ("renewal", "checkout", 1, 1, 9.0, 0, None),
        ("renewal", "purchase", 1, 1, DAY - 9, 1, 0.0),
        ("support", "support", 1, 1, 0.0, 0, None),
        ("usage", "discovery", 1, 1, 0.0, 0, None),
    ]
    # Every type has a row of every stage that the exports can show.
    assert rows(built, "select count(*), min(journey_count) from metrics.stages_by_journey_type") == [(5 * 6, 1)]


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    """What the table reads, empty, in a shop whose small cells are below 3."""
    built = duckdb.connect()
    built.execute(
        """
        create schema metrics; create schema settings; create schema journeys;
        create table settings.shop as select 3 as small_cell;
        create table metrics.measured_stages as
            select unnest(['cart', 'checkout', 'help']) as stage, unnest([1, 2, 3]) as stage_position,
                unnest([true, true, false]) as is_required;
        create table metrics.matured_journeys (journey_id text);
        create table journeys.journeys (journey_id text, journey_type text);
        create table journeys.stage_visits (journey_id text, stage text, visit_seconds double);
        create table journeys.survey_answers (answer_id text, stage text, score_of_10 double);
        create table journeys.journey_touchpoints (touchpoint_id text, source text, journey_id text);
        create view metrics.csat_by_stage as
            select stage, count(*) as answer_count from journeys.survey_answers group by stage;
        """
    )
    write_functions(built, "memory")
    return built


def table(connection: duckdb.DuckDBPyConnection, journeys: Sequence[Journey]) -> dict[tuple[str, str], tuple[Any, ...]]:
    """The table's rows of these journeys, by type and stage."""
    for name in ("metrics.matured_journeys", *(f"journeys.{one}" for one in KEPT)):
        connection.execute(f"delete from {name}")
    kept: dict[str, list[tuple[Any, ...]]] = {name: [] for name in ("over", *KEPT)}
    for number, (journey_type, visits, answers, is_over) in enumerate(journeys):
        kept["journeys"].append((str(number), journey_type))
        kept["over"] += [(str(number),)] if is_over else []
        kept["stage_visits"] += [(str(number), stage, seconds) for stage, seconds in visits]
        for place, (stage, score) in enumerate(answers):
            kept["survey_answers"].append((f"{number}-{place}", stage, score))
            kept["journey_touchpoints"].append((f"answer:{number}-{place}", "feedback", str(number)))
    for name, lines in kept.items():
        if lines:
            into = "metrics.matured_journeys" if name == "over" else f"journeys.{name}"
            marks = ", ".join(f"({', '.join('?' * len(line))})" for line in lines)
            connection.execute(f"insert into {into} values {marks}", [value for line in lines for value in line])
    found = connection.execute(
        "select journey_type, stage, journey_count, visited_count, visited_share, visited_low, visited_high, "
        "median_seconds, answer_count, satisfaction_mean, is_small, is_left_out, is_time_left_out, "
        f"is_satisfaction_left_out from ({SQL})"
    ).fetchall()
    return {(journey_type, stage): tuple(rest) for journey_type, stage, *rest in found}


KEPT = ("journeys", "stage_visits", "survey_answers", "journey_touchpoints")


def plain(journeys: Sequence[Journey]) -> dict[tuple[str, str], tuple[Any, ...]]:
    """The same by walking over the journeys, one figure at a time."""
    of: dict[str, list[Journey]] = defaultdict(list)
    for journey in journeys:
        if journey[3]:
            of[journey[0]].append(journey)
            of["all"].append(journey)
    sizes = {name: len(of[name]) for name in TYPES if of[name]}
    hidden = {name for name, size in sizes.items() if size < 3}
    if hidden and sum(sizes[name] for name in hidden) < 3 and len(hidden) < len(sizes):
        hidden.add(min((size, name) for name, size in sizes.items() if name not in hidden)[1])
    if hidden and len(hidden) < len(sizes):
        of["other"] = [journey for name in hidden for journey in of[name]]
    found = {}
    for stage in STAGES:
        given = {name: [score for one in of[name] for at_stage, score in one[2] if at_stage == stage] for name in of}
        told = {name for name in of if name not in {*hidden, "all"} and len(given[name]) >= 3}
        whole = sum(at_stage == stage for one in journeys for at_stage, _ in one[2])
        shown = sum(len(given[name]) for name in told)
        if told and len(given["all"]) > shown and whole - shown < 3:
            told.remove(min((len(given[name]), name) for name in told)[1])
        for name, own in of.items():
            if not own:
                continue
            stays = [[seconds for at_stage, seconds in one[1] if at_stage == stage] for one in own]
            totals = [sum(stay) for stay in stays if stay]
            n, x, z = len(own), len(totals), 1.959964
            middle, spread = x + z * z / 2, z * sqrt(x * (n - x) / n + z * z / 4)
            is_hidden = name in hidden or (name == "all" and n < 3)
            found[name, stage] = (
                *(n, x, x / n, (middle - spread) / (n + z * z), (middle + spread) / (n + z * z)),
                median(totals) if totals else None,
                len(given[name]),
                fmean(given[name]) if given[name] else None,
                *(n < 3, is_hidden, is_hidden or x < 3, name not in told),
            )
    return found


def over(journey_type: str, count: int, *answers: tuple[str, int]) -> list[Journey]:
    """So many journeys of a type that visit the cart; the first of them has the answers."""
    return [(journey_type, [("cart", 5)], [*answers] if not number else [], True) for number in range(count)]


def test_a_small_type_is_left_out_and_the_next_larger_where_the_rest_would_tell_it(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    one_small = table(connection, [*over("support", 2), *over("renewal", 4), *over("usage", 9)])
    assert {name: one_small[name, "cart"][9] for name in ("all", "support", "renewal", "usage")} == {
        "all": False,
        "support": True,
        "renewal": True,  # all journeys but the usage would be the two of support
        "usage": False,
    }
    two_small = table(connection, [*over("support", 2), *over("renewal", 2), *over("usage", 9)])
    assert [two_small[name, "cart"][9] for name in ("support", "renewal", "usage")] == [True, True, False]
    assert two_small["other", "cart"][:2] == (4, 4), "together they are enough"
    assert ("other", "cart") not in table(connection, [*over("support", 2), *over("renewal", 2)])


def test_answers_that_the_rest_would_tell_are_left_out_too(connection: duckdb.DuckDBPyConnection) -> None:
    few, some, many = ([("cart", 7)] * count for count in (1, 3, 5))
    found = table(connection, [*over("support", 9, *few), *over("renewal", 9, *some), *over("usage", 9, *many)])
    assert [found[name, "cart"][11] for name in ("support", "renewal", "usage", "all")] == [True, True, False, True]
    enough = table(connection, [*over("support", 9, *some), *over("renewal", 9, *some), *over("usage", 9, *many)])
    assert [enough[name, "cart"][11] for name in ("support", "renewal", "usage", "all")] == [False, False, False, True]
    # What journeys that may go on answered is no type's; with theirs the one of support is not told by the others.
    open_ones: list[Journey] = [("usage", [], [("cart", 1)] * 2, False)]
    hidden = table(connection, [*over("support", 9, *few), *over("usage", 9, *many), *open_ones])
    assert [hidden[name, "cart"][11] for name in ("support", "usage")] == [True, False]
    assert not table(connection, [*over("support", 9), *over("usage", 9, *many), *open_ones[:1]])["usage", "cart"][11]


STAGE = st.sampled_from(STAGES)
JOURNEY = st.tuples(
    st.sampled_from(TYPES),
    st.lists(st.tuples(STAGE, st.integers(0, 100)), max_size=4),
    st.lists(st.tuples(STAGE, st.integers(0, 10)), max_size=3),
    st.sampled_from([True, True, True, False]),
)


@pytest.mark.random
@how(max_examples=examples(30, 1500), deadline=None)
@drawn(st.lists(JOURNEY, max_size=30))
def test_equal_to_a_plain_count(connection: duckdb.DuckDBPyConnection, journeys: list[Journey]) -> None:
    found, wanted = table(connection, journeys), plain(journeys)
    assert found.keys() == wanted.keys()
    for cell, row in found.items():
        assert row == pytest.approx(wanted[cell], abs=1e-6), cell
    # Of no whole that is on the page do the cells that are told leave a part of few.
    for stage, cells in groupby(sorted(found, key=lambda cell: cell[1]), key=lambda cell: cell[1]):
        rows_of = {name: found[name, stage] for name, _ in cells}
        shown = [row[0] for name, row in rows_of.items() if name != "all" and not row[9]]
        assert not shown or sum(shown) == rows_of["all"][0], "what is left out is together one that is not"
