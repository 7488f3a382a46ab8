"""The example of a shop with nothing but GA4: its figures are those that its rows say, counted once more in Python."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from examples_built import example_built
from given import rows

from parcours.made_up_shop.ga4 import write_ga4
from parcours.project import ROOT

EXAMPLE = ROOT / "examples" / "ga4_only"
TRUTH: dict[str, Any] = json.loads((EXAMPLE / "truth.json").read_text(encoding="utf-8"))
WRITTEN = TRUTH["written"]
pytestmark = pytest.mark.nights  # whole runs


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    with example_built(EXAMPLE, tmp_path_factory.mktemp("ga4")) as connection:
        yield connection


def test_the_exports_in_the_repository_are_those_that_the_command_writes(tmp_path: Path) -> None:
    people, days, seed = (TRUTH["arguments"][name] for name in ("people", "days", "seed"))
    assert write_ga4(tmp_path, people=people, days=days, seed=seed) == TRUTH
    names = {path.name for path in (tmp_path / "data").iterdir()}
    assert names == {path.name for path in (EXAMPLE / "data").iterdir()} and len(names) == days
    for name in names:
        written, kept = (gzip.decompress((folder / "data" / name).read_bytes()) for folder in (tmp_path, EXAMPLE))
        assert written == kept, name
    assert sum(path.stat().st_size for path in (EXAMPLE / "data").iterdir()) < 1_500_000


def test_people_sessions_and_orders_are_those_of_the_rows(built: duckdb.DuckDBPyConnection) -> None:
    of_events = "select count(*) from journeys.touchpoints where source = 'events'"
    assert rows(built, of_events) == [(WRITTEN["events"],)]
    assert rows(built, "select count(*) from journeys.people") == [(WRITTEN["browsers"],)]
    assert rows(built, "select count(*) from journeys.sessions") == [(WRITTEN["sessions"],)]
    [(orders, revenue)] = rows(built, "select count(*), sum(net_revenue) from staging.orders")
    assert (orders, float(revenue)) == (WRITTEN["purchases"], pytest.approx(WRITTEN["revenue"]))
    assert rows(built, "select count(*) from journeys.touchpoints where stage is null") == [(0,)]


def test_the_funnel_is_that_of_a_plain_count(built: duckdb.DuckDBPyConnection) -> None:
    steps = "select cast(entered_count + open_count as bigint), reached_count from metrics.funnel_steps"
    [(entered, _), *_] = found = rows(built, f"{steps} order by step_number")
    counts = list(WRITTEN["browsers_at"].values())
    assert entered == counts[0]  # with those whose seven days are not over
    for (_, reached), count in zip(found, counts, strict=True):
        assert 0.85 * count < reached <= count


def test_what_the_changes_did_is_told_where_there_is_enough_of_it(built: duckdb.DuckDBPyConnection) -> None:
    told = "select change_id, kpi, verdict from metrics.change_impact where verdict in ('improved', 'worsened')"
    assert rows(built, told) == [("shipping-fee", "step_conversion:purchase:3", "worsened")]
    signs = {change["id"]: change["sign"] for change in TRUTH["changes"]}
    for change, step in (("guest-checkout", 4), ("shipping-fee", 3)):
        [(effect,)] = rows(
            built,
            "select after_numerator / after_denominator - before_numerator / before_denominator "
            f"from metrics.change_impact where change_id = '{change}' and kpi = 'step_conversion:purchase:{step}'",
        )
        assert effect * signs[change] > 0, change


def test_the_day_on_which_nobody_could_pay_is_found(built: duckdb.DuckDBPyConnection) -> None:
    found = rows(built, "select outage, cast(outage_on as text) from metrics.outage_days")
    assert found == [("payment", TRUTH["outage"]["date"])]


def test_the_page_says_where_its_orders_are_from(built: duckdb.DuckDBPyConnection) -> None:
    [(page,)] = rows(built, "select getvariable('page')")
    assert "Orders are by purchase events: no export of orders is loaded." in page
