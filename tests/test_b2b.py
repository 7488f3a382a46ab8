"""The example of a business that sells to businesses: what was planted in its made-up exports is what its tables find.

What is counted twice is counted from the exports' truth.json, or from the CSV files; nothing here reads sql/.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest
from examples_built import example_built
from given import rows

from parcours.made_up_shop.b2b import write_exports
from parcours.project import ROOT

EXAMPLE = ROOT / "examples" / "b2b"
TRUTH: dict[str, Any] = json.loads((EXAMPLE / "truth.json").read_text(encoding="utf-8"))
WRITTEN, PLANTED = TRUTH["written"], TRUTH["planted"]
ZONE = ZoneInfo("Europe/Berlin")
END = datetime.fromisoformat(TRUTH["ends_before"])
pytestmark = pytest.mark.nights  # whole runs


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    with example_built(EXAMPLE, tmp_path_factory.mktemp("b2b")) as connection:
        yield connection


def content(path: Path) -> bytes:
    """Of a gzip file what is in it: other releases of zlib pack the same text otherwise."""
    return gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()


def test_the_exports_in_the_repository_are_those_that_the_command_writes(tmp_path: Path) -> None:
    assert write_exports(tmp_path) == TRUTH
    written = {path.relative_to(tmp_path): content(path) for path in tmp_path.rglob("*.*") if path.is_file()}
    assert written == {name: content(EXAMPLE / name) for name in written}
    assert len(written) == 9 + 3 + 1
    assert sum(path.stat().st_size for path in (EXAMPLE / "data").rglob("*.*")) < 700_000


def contacts() -> dict[str, dict[str, str]]:
    with (EXAMPLE / "data/crm/contacts.csv").open(encoding="utf-8", newline="") as file:
        return {row["Record ID"]: row for row in csv.DictReader(file)}


def won_at() -> dict[str, datetime]:
    """When the deal of a contact was won."""
    with (EXAMPLE / "data/crm/deals.csv").open(encoding="utf-8", newline="") as file:
        deals = [row for row in csv.DictReader(file) if row["dealstage"] == "closedwon"]
    return {row["associated_contact_id"]: datetime.fromisoformat(row["closedate"]) for row in deals}


def test_leads_are_won_as_a_plain_count_of_the_crm_says(built: duckdb.DuckDBPyConnection) -> None:
    led_at = {
        contact: datetime.fromisoformat(row["Create Date"]).replace(tzinfo=ZONE).astimezone(UTC)
        for contact, row in contacts().items()
    }
    [(until,)] = rows(built, "select deals_until from metrics.cut_off")
    window, won = timedelta(days=90), won_at()
    matured = [contact for contact, at in led_at.items() if at + window <= until.replace(tzinfo=UTC)]
    within = [contact for contact in matured if contact in won and won[contact] - led_at[contact] <= window]
    found = "select lead_count, ever_won_count, matured_count, matured_won_count from metrics.lead_conversion"
    assert rows(built, f"{found} where window_days = 90") == [
        (WRITTEN["leads"], WRITTEN["won"], len(matured), len(within))
    ]


def test_visits_leads_and_deals_of_one_person_are_one(built: duckdb.DuckDBPyConnection) -> None:
    """One browser until the form, another one for the proposal, the calendar, the CRM: as many people as there are."""
    at_fair = WRITTEN["leads"] - WRITTEN["leads of the site"]
    assert rows(built, "select count(*) from journeys.people") == [(WRITTEN["visitors"] + at_fair,)]
    types = dict(rows(built, "select journey_type, count(*) from journeys.journeys group by all"))
    assert types["first purchase"] == WRITTEN["won"] and types.keys() == {"first purchase", "usage"}
    for stage, what in (("lead", "leads"), ("demo", "demos booked"), ("proposal", "proposals"), ("won", "won")):
        people = f"select count(distinct person_id) from journeys.touchpoints where stage = '{stage}'"
        assert rows(built, people) == [(WRITTEN[what],)], stage


def test_the_steps_have_the_planted_rates(built: duckdb.DuckDBPyConnection) -> None:
    """Each within its Wilson interval; of what the change raised, between its rates."""
    found = {
        (funnel, step): (rate, low, high)
        for funnel, step, rate, low, high in rows(
            built,
            "select funnel_id, step_number, step_rate, wilson_low(reached_count, reached_before), "
            "wilson_high(reached_count, reached_before) from (select *, lag(reached_count) over "
            "(partition by funnel_id order by step_number) as reached_before from metrics.funnel_steps) "
            "where step_number > 1",
        )
    }
    phones = WRITTEN["of these on a phone"] / WRITTEN["visitors who saw the prices"]
    expected = {
        ("pipeline", 2): PLANTED["pricing"],
        ("pipeline", 3): PLANTED["lead"] * (1 - phones) + PLANTED["lead on a phone"] * phones,
        ("pipeline", 5): PLANTED["held"] * PLANTED["proposal"],
        ("pipeline", 6): PLANTED["won"],
        ("demo", 3): PLANTED["held"],
    }
    for step, rate in expected.items():
        assert found[step][1] <= rate <= found[step][2], step
    for step in (("pipeline", 4), ("demo", 2)):
        assert PLANTED["demo"] < found[step][0] < PLANTED["demo, booked online"]


def test_what_helped_is_told_and_nothing_of_what_did_not(built: duckdb.DuckDBPyConnection) -> None:
    helped, null = (change["id"] for change in TRUTH["changes"])
    verdicts = {
        (change, kpi): verdict
        for change, kpi, verdict in rows(built, "select change_id, kpi, verdict from metrics.change_impact")
    }
    told = {key: verdict for key, verdict in verdicts.items() if verdict in ("improved", "worsened")}
    assert told == {(helped, "step_conversion:demo:2"): "improved", (helped, "stage_passage:lead"): "improved"}
    assert verdicts[null, "stage_passage:visit"] == "no evidence"


def test_phones_are_what_goes_with_dropping_before_the_lead(built: duckdb.DuckDBPyConnection) -> None:
    told = "select distinct factor, level from metrics.drop_off_drivers where is_told and lift > 1"
    assert rows(built, told) == [("device", "mobile")]


def test_the_page_speaks_of_leads_and_the_ways_to_a_deal(built: duckdb.DuckDBPyConnection) -> None:
    [(page,)] = rows(built, "select getvariable('page')")
    for words in ("of leads are won within", "Demos are booked online", "Lead → Demo booked", "Won"):
        assert words in page
    won = "select ordered_count = journey_count from metrics.journey_variants where journey_type = 'all' and path = "
    assert rows(built, won + "'visit → pricing → lead → demo → proposal → won'") == [(True,)]
