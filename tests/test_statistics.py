"""What was planted in the made-up shop is found, over several seeds, and what was not is not (make test-statistics)."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest
from given import rows

from parcours.made_up_shop import write_exports
from parcours.project import ROOT, load_project
from parcours.run import build_warehouse

SEEDS = (1, 2, 3, 4, 5)
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


@pytest.mark.parametrize(
    ("change", "kpi", "verdict"),
    [
        ("guest-checkout", "step_conversion:purchase:4", "improved"),
        ("guest-checkout", "checkout_abandonment", "improved"),
        ("guest-checkout", "conversion", "improved"),
        ("shipping-fee", "step_conversion:purchase:3", "worsened"),
        ("shipping-fee", "conversion", "worsened"),
    ],
)
def test_a_real_effect_is_found_with_its_sign(
    shop: duckdb.DuckDBPyConnection, change: str, kpi: str, verdict: str
) -> None:
    query = "select verdict from metrics.change_impact where change_id = $change and kpi = $kpi"
    assert shop.execute(query, {"change": change, "kpi": kpi}).fetchall() == [(verdict,)]


def test_the_change_without_effect_is_no_evidence(shop: duckdb.DuckDBPyConnection) -> None:
    query = "select kpi, verdict from metrics.change_impact where change_id = 'product-photos'"
    # The 30 days of those who ordered after it reach into the next change: nobody's count, so it is too early to tell.
    other = {kpi: verdict for kpi, verdict in rows(shop, query) if verdict != "no evidence"}
    assert other == {"retention": "too early"}


def test_events_and_orders_are_the_written_ones(shop: duckdb.DuckDBPyConnection) -> None:
    query = (
        "select (select count(*) from staging.events) = getvariable('events'), "
        "(select count(*) from staging.orders) = getvariable('orders')"
    )
    assert rows(shop, query) == [(True, True)]
