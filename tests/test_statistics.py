"""What was planted in the made-up shop is found, over several seeds, and what was not is not (make test-statistics)."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest
from given import examples, rows

from parcours.made_up_shop import write_exports
from parcours.project import ROOT, load_project
from parcours.run import build_warehouse

SEEDS = range(1, 1 + examples(2, 5))
PEOPLE, DAYS = 20_000, 90


@pytest.fixture(scope="module", params=SEEDS, ids=lambda seed: f"seed {seed}")
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    """The published tables of a made-up shop, with its truth beside them."""
    folder: Path = tmp_path_factory.mktemp("shop")
    write_exports(folder / "exports", people=PEOPLE, days=DAYS, seed=request.param)
    project = load_project(ROOT / "journey.yaml", folder / "exports", folder)
    build_warehouse(project)
    connection = duckdb.connect(str(project.published), read_only=True)
    truth = json.loads((folder / "exports" / "truth.json").read_text(encoding="utf-8"))
    connection.execute("set variable outage_on = cast($day as date)", {"day": truth["outage"]["date"]})
    connection.execute("set variable events = $n", {"n": truth["events"]["distinct"]})
    connection.execute("set variable orders = $n", {"n": truth["orders"]["orders"]})
    return connection


pytestmark = pytest.mark.statistics


def test_the_planted_drop_off_is_the_flagged_one(shop: duckdb.DuckDBPyConnection) -> None:
    query = "select ranking, stage from metrics.drop_off_ranking where rank = 1 order by ranking"
    flagged = dict(rows(shop, query))
    assert (flagged["revenue_at_stake"], flagged["drop_off_rate"]) == ("checkout", "checkout")


def test_the_outage_is_visible_and_no_other_day_is_one(shop: duckdb.DuckDBPyConnection) -> None:
    query = "select outage, outage_on = getvariable('outage_on') from metrics.outage_days"
    assert rows(shop, query) == [("payment", True)]


PLANTED = {
    *(
        ("guest-checkout", kpi, "improved")
        for kpi in ("step_conversion:purchase:4", "conversion", "cart_abandonment", "checkout_abandonment")
    ),
    *(
        ("shipping-fee", kpi, "worsened")
        for kpi in ("step_conversion:purchase:3", "conversion", "cart_abandonment")
    ),
}  # fmt: skip


def test_what_is_said_to_have_moved_was_planted_and_some_of_it_is_found(shop: duckdb.DuckDBPyConnection) -> None:
    # Six weeks before the first effect and three after the second are not enough for each.
    query = "select change_id, kpi, verdict from metrics.change_impact where verdict in ('improved', 'worsened')"
    found = {*rows(shop, query)}
    assert found and found <= PLANTED


def test_events_and_orders_are_the_written_ones(shop: duckdb.DuckDBPyConnection) -> None:
    query = (
        "select (select count(*) from staging.events) = getvariable('events'), "
        "(select count(*) from staging.orders) = getvariable('orders')"
    )
    assert rows(shop, query) == [(True, True)]
