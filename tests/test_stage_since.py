"""Since when a stage loses what it loses: a case by hand, and a plain walk over weeks on random data."""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path

import duckdb
import pytest
from given import examples
from hypothesis import given as drawn
from hypothesis import settings as how
from hypothesis import strategies as st

from parcours.project import ROOT
from parcours.warehouse.functions import write_functions

MONDAY = date(2026, 1, 5)
SMALL_CELL = 30
SQL = Path(ROOT, "sql/metrics/stage_drop_off_since.sql").read_text(encoding="utf-8")
Week = tuple[int, int, int]
"""Journeys begun in it that are over, those of them that dropped at the first stage, and those still open."""
Found = tuple[date, date, date, int, int, float | None]
"""From, since and until when; journeys since then that are over and that dropped; the drop-off of the week before."""


@pytest.fixture(scope="module")
def connection() -> duckdb.DuckDBPyConnection:
    built = duckdb.connect()
    built.execute(
        f"""
        create schema metrics; create schema settings;
        create table settings.shop as select {SMALL_CELL} as small_cell;
        create table metrics.drop_off_steps as select 'map:stages' as funnel_id, unnest([1, 2]) as step_number;
        create table metrics.measured_stages as select 'cart' as stage, 1 as required_number;
        create table metrics.drop_off_attempts (funnel_id text, entered_on date, furthest_step bigint, state text);
        """
    )
    write_functions(built, "memory")
    return built


def since(connection: duckdb.DuckDBPyConnection, weeks: Sequence[Week]) -> Found | None:
    """What the table says of journeys that begin on the Sundays of these weeks."""
    connection.execute("delete from metrics.drop_off_attempts")
    for number, (over, dropped, still_open) in enumerate(weeks):
        sunday = MONDAY + timedelta(days=7 * number + 6)
        for count, furthest, state in (
            (dropped, 1, "matured"),
            (over - dropped, 2, "matured"),
            (still_open, 1, "open"),
        ):
            connection.execute(
                "insert into metrics.drop_off_attempts select 'map:stages', ?, ?, ? from range(?)",
                [sunday, furthest, state, count],
            )
    rows = connection.execute(
        f"select from_on, since_on, until_on, matured_count, dropped_count, other_rate from ({SQL})"
    ).fetchall()
    return rows[0] if rows else None


def walked(weeks: Sequence[Week]) -> Found | None:
    """The same by walking back from the newest week."""
    known = [
        (number, *week[:2]) for number, week in enumerate(weeks) if week[0] and week[2] <= 0.05 * (week[0] + week[2])
    ]
    if not known:
        return None
    since, later, other = known[0][0], (0, 0), None
    for place in range(len(known) - 1, -1, -1):
        _, over, dropped = known[place]
        n, x = later
        if min(over, n) >= SMALL_CELL:
            pooled = (x + dropped) / (n + over)
            spread = math.sqrt(pooled * (1 - pooled) * (1 / over + 1 / n))
            apart = dropped / over - x / n
            if (
                spread
                and abs(apart) >= 0.1 * x / n
                and math.erfc(abs(apart) / spread / math.sqrt(2)) < 0.05 / (len(known) - 1)
            ):
                since, other = known[place + 1][0], dropped / over
                break
        later = (n + over, x + dropped)
    of = [week for week in known if week[0] >= since]

    def monday(number: int) -> date:
        return MONDAY + timedelta(days=7 * number)

    counts = sum(week[1] for week in of), sum(week[2] for week in of)
    return monday(known[0][0]), monday(since), monday(known[-1][0]) + timedelta(days=6), *counts, other


def test_since_the_week_after_the_last_that_was_otherwise(connection: duckdb.DuckDBPyConnection) -> None:
    weeks = [(100, 30, 0)] * 4 + [(100, 60, 0)] * 5 + [(100, 20, 90)]  # of the last too much is open
    found = since(connection, weeks)
    assert found == (date(2026, 1, 5), date(2026, 2, 2), date(2026, 3, 8), 500, 300, 0.3)
    assert since(connection, [(100, 60, 0)] * 9) == (MONDAY, MONDAY, date(2026, 3, 8), 900, 540, None)


def test_few_journeys_tell_no_week_from_another(connection: duckdb.DuckDBPyConnection) -> None:
    assert since(connection, [(29, 1, 0)] * 4 + [(29, 28, 0)] * 5) == (MONDAY, MONDAY, date(2026, 3, 8), 261, 144, None)
    assert since(connection, [(10, 5, 10)]) is None


@pytest.mark.random
@how(max_examples=examples(60, 1500), deadline=None)
@drawn(
    st.lists(
        st.tuples(st.integers(0, 400), st.sampled_from([0.0, 0.1, 0.3, 0.33, 0.6, 1.0]), st.integers(0, 12)),
        max_size=12,
    )
)
def test_equal_to_a_plain_walk(
    connection: duckdb.DuckDBPyConnection, drawn_weeks: list[tuple[int, float, int]]
) -> None:
    weeks = [(over, round(over * share), still_open) for over, share, still_open in drawn_weeks]
    found, wanted = since(connection, weeks), walked(weeks)
    assert (found is None) == (wanted is None)
    if found is not None and wanted is not None:
        assert found[:5] == wanted[:5]
        assert found[5] == pytest.approx(wanted[5])
