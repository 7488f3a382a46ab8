"""Shops of deals alone: given these leads and deals, then so many are won, and these are their journeys."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest
from given import Row, at, event, order, rows, settings, warehouse
from shops import OLIST_DATA

from parcours.project import ROOT, load_project
from parcours.report.write import write_report
from parcours.run import build_warehouse

DAY = 86400.0
RULES: list[dict[str, Any]] = [
    {"touchpoint": "landing", "event": "landing", "stage": "prospect", "action": "view"},
    {"touchpoint": "deal opened", "source": "deals", "event": "deal opened", "stage": "prospect"},
    {"touchpoint": "deal won", "source": "deals", "event": "deal won", "stage": "client"},
    {"touchpoint": "order placed", "source": "orders", "event": "order placed", "stage": "client"},
]
CONTACTS = {"touchpoint": "lead", "source": "contacts", "event": "contact created", "stage": "prospect"}


def crm(*more: dict[str, Any], rules: list[dict[str, Any]] = RULES) -> Any:
    """A shop whose map is prospect, client."""
    return settings(
        stages=[{"id": "prospect", "label": "Prospect"}, {"id": "client", "label": "Client"}],
        touchpoints=[*more, *rules],
        funnels=[
            {"id": "won", "name": "Won", "steps": [{"stage": "prospect"}, {"stage": "client"}], "window_days": 90}
        ],
    )


def deal(deal_id: str, opened: float | None, won: float | None = None, **more: Any) -> Row:
    """A deal, won where an instant says so."""
    closed = {} if won is None else {"closed_at": at(won), "is_won": True}
    return {"deal_id": deal_id, "created_at": None if opened is None else at(opened), **closed, **more}


def lead(contact_id: str, when: float) -> Row:
    return {"contact_id": contact_id, "created_at": at(when)}


def alone(shop: Any, **loaded: Any) -> duckdb.DuckDBPyConnection:
    """A warehouse without click-stream and orders."""
    return warehouse(shop=shop, without=("events", "order_rows"), known_until=at(200 * DAY), **loaded)


def by_window(built: duckdb.DuckDBPyConnection) -> dict[int, tuple[int, int, int]]:
    """Matured leads, those won, and those still open, by the days of the window."""
    found = rows(built, "select window_days, matured_count, matured_won_count, open_count from metrics.lead_conversion")
    return {int(days): (matured, won, still_open) for days, matured, won, still_open in found}


@pytest.fixture(scope="module")
def deals() -> duckdb.DuckDBPyConnection:
    """Deals of a CRM, some of nobody."""
    return alone(
        crm(),
        deals=[
            deal("d1", 0, 7 * DAY),  # end included
            deal("d2", 0, 7 * DAY + 1, contact_id="k2"),
            deal("d3", 10 * DAY, 9 * DAY, contact_id="k3"),  # won before it was opened
            deal("d4", 150 * DAY, contact_id="k4"),
            deal("d5", 20 * DAY, contact_id="k5", closed_at=at(30 * DAY), is_won=False),
            deal("d6", None, 3 * DAY, contact_id="k6"),  # not known when it was opened
            deal("d7", 60 * DAY, 70 * DAY, contact_id="k2"),
        ],
    )


def test_a_deal_is_a_lead_from_its_opening_on_and_won_by_itself(deals: duckdb.DuckDBPyConnection) -> None:
    assert by_window(deals) == {7: (6, 1, 0), 14: (6, 3, 0), 30: (6, 3, 0), 90: (5, 3, 1)}
    headline = (
        "select numerator, denominator, open_count from metrics.kpis where kpi = 'lead_conversion' and period = 'all'"
    )
    assert rows(deals, headline) == [(3, 5, 1)]


def test_people_known_by_deals_alone_have_journeys_and_a_deal_won_is_their_purchase(
    deals: duckdb.DuckDBPyConnection,
) -> None:
    found = rows(
        deals,
        "select owned.row_id, journey_number, journey_type, touchpoint_count, started_at "
        "from journeys.journeys inner join journeys.record_owners as owned using (person_id) "
        "where owned.row_id in ('d2', 'd4', 'd5') order by all",
    )
    assert found == [
        ("d2", 1, "first purchase", 2, at(0)),
        ("d2", 2, "renewal", 2, at(60 * DAY)),
        ("d4", 1, "usage", 1, at(150 * DAY)),
        ("d5", 1, "usage", 2, at(20 * DAY)),
    ]


def test_a_shop_of_deals_is_matured_by_its_deals(deals: duckdb.DuckDBPyConnection) -> None:
    assert rows(deals, "select visits_until, orders_until from metrics.cut_off") == [(at(200 * DAY), None)]
    assert rows(deals, "select stage from metrics.measured_stages order by stage_position") == [
        ("prospect",),
        ("client",),
    ]
    steps = "select entered_count, reached_count, open_count from metrics.funnel_steps order by step_number"
    # k3's win before the opening is none; k6 enters nowhere; k2 twice, the best attempt once.
    assert rows(deals, steps) == [(3, 3, 1), (3, 1, 0)]


def test_a_contact_is_a_lead_where_a_rule_says_so_and_won_by_the_persons_first_deal_after_it() -> None:
    built = alone(
        crm(CONTACTS),
        contacts=[lead("k1", 0), lead("k2", 0), lead("k3", 50 * DAY)],
        deals=[
            deal("d1", 2 * DAY, 30 * DAY, contact_id="k1"),
            deal("d2", None, 40 * DAY, contact_id="k1"),
            deal("d3", None, 40 * DAY, contact_id="k3"),
        ],
        build=["metrics.lead_conversion"],
    )
    assert by_window(built) == {
        7: (3, 0, 0), 14: (3, 0, 0), 30: (3, 1, 0), 90: (3, 1, 0),
    }  # fmt: skip
    assert rows(built, "select count(*) from metrics.leads") == [(3,)]


def test_without_a_rule_a_contact_is_no_touchpoint() -> None:
    built = warehouse(contacts=[lead("k1", 0)], build=["journeys.touchpoints"])
    assert rows(built, "select count(*) from journeys.touchpoints") == [(0,)]


def test_from_the_first_own_contact_on_deals_are_the_shops_doing() -> None:
    built = warehouse(
        shop=crm(),
        events=[event("phone", 20 * DAY, "landing", customer_id="c1")],
        order_rows=[order("#1", 21 * DAY, customer_id="c1")],
        deals=[deal("d1", 0, 100 * DAY, customer_id="c1"), deal("d2", 150 * DAY, customer_id="c1")],
        build=["journeys.journeys"],
    )
    found = rows(built, "select journey_type, started_at, touchpoint_count, last_contact_at from journeys.journeys")
    assert found == [("first purchase", at(0), 5, at(21 * DAY))]


def test_without_a_rule_for_orders_a_deal_won_is_the_purchase_of_who_was_on_the_site_too() -> None:
    rules = [rule for rule in RULES if rule.get("source") != "orders"]
    built = warehouse(
        shop=crm(rules=rules),
        events=[event("phone", 0, "landing", customer_id="c1"), event("phone", 40 * DAY, "landing", customer_id="c1")],
        deals=[deal("d1", DAY, 20 * DAY, customer_id="c1"), deal("d2", 41 * DAY, 50 * DAY, customer_id="c1")],
        without=("order_rows",),
        build=["journeys.journeys"],
    )
    found = rows(built, "select journey_type, started_at, purchased_at from journeys.journeys order by started_at")
    assert found == [("first purchase", at(0), at(20 * DAY)), ("renewal", at(40 * DAY), at(50 * DAY))]


def test_leads_from_before_wins_are_known_are_in_no_rate() -> None:
    built = alone(
        crm(CONTACTS),
        contacts=[lead("k1", 0), lead("k2", 40 * DAY), lead("k3", 41 * DAY)],
        deals=[deal("d1", None, 40 * DAY, contact_id="k1"), deal("d2", None, 44 * DAY, contact_id="k2")],
        known_from={"deals": at(40 * DAY)},
        build=["metrics.lead_conversion"],
    )
    found = rows(
        built,
        "select lead_count, won_count, matured_count, matured_won_count, uncovered_count, uncovered_won_count "
        "from metrics.lead_conversion where window_days = 90",
    )
    assert found == [(3, 2, 2, 1, 1, 1)]


# ---- Olist's leads: a plain second count of the same files ----

LEADS = OLIST_DATA / "olist_leads" / "olist_marketing_qualified_leads_dataset.csv"
WINS = OLIST_DATA / "olist_leads" / "olist_closed_deals_dataset.csv"
ZONE = ZoneInfo("America/Sao_Paulo")
olist = pytest.mark.skipif(
    not (LEADS.exists() and WINS.exists()), reason=f"no leads of Olist in {OLIST_DATA}: see examples/olist/README.md"
)


@pytest.fixture(scope="module")
def olist_leads(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    folder = tmp_path_factory.mktemp("leads")
    project = load_project(ROOT / "examples" / "olist" / "leads.yaml", OLIST_DATA, folder)
    build_warehouse(project)
    write_report(project.published, folder / "journey.html")
    with duckdb.connect(str(project.published), read_only=True) as connection:
        connection.execute("set variable page = ?", [(folder / "journey.html").read_text(encoding="utf-8")])
        yield connection


def read(path: Path, column: str) -> dict[str, datetime]:
    """The instants of a column by the lead."""
    with path.open(encoding="utf-8", newline="") as file:
        return {
            row["mql_id"]: datetime.fromisoformat(row[column]).replace(tzinfo=ZONE).astimezone(UTC)
            for row in csv.DictReader(file)
        }


@olist
def test_olists_leads_are_won_as_a_plain_count_says(olist_leads: duckdb.DuckDBPyConnection) -> None:
    leads, wins = read(LEADS, "first_contact_date"), read(WINS, "won_date")
    known_from = datetime.combine(min(wins.values()).astimezone(ZONE).date(), datetime.min.time(), ZONE)
    expected = {}
    for days in (7, 14, 30, 90):
        won = {who for who, at_ in wins.items() if timedelta(0) <= at_ - leads[who] <= timedelta(days=days)}
        covered = {who for who, at_ in leads.items() if at_ >= known_from}
        expected[days] = (len(leads), len(won), len(covered), len(won & covered), len(leads) - len(covered))
    found = rows(
        olist_leads,
        "select window_days, lead_count, won_count, matured_count, matured_won_count, uncovered_count "
        "from metrics.lead_conversion",
    )
    assert {int(days): tuple(counts) for days, *counts in found} == expected
    ever = sum(at_ >= leads[who] for who, at_ in wins.items())
    assert rows(olist_leads, "select distinct ever_won_count from metrics.lead_conversion") == [(ever,)]
    if len(leads) == 8000:  # the whole set
        assert [expected[days][1] for days in (7, 14, 30, 90)] == [248, 411, 546, 690] and ever == 841


@olist
def test_the_page_of_olists_leads_says_nothing_of_sessions_carts_and_orders(
    olist_leads: duckdb.DuckDBPyConnection,
) -> None:
    [(page,)] = rows(olist_leads, "select getvariable('page')")
    assert "of leads are won within" in page and "leads were won within" in page
    figures, _, _ = page.partition('<dl class="metrics">')  # what is said of the shop, before what each table is
    for word in ("No sessions", "No carts", "abandonment can", "order again", "net revenue at stake"):
        assert word not in figures, word
