"""Faults that the made-up shop plants into its exports: the files hold them, and Parcours finds exactly these.

The truth is what the simulator says it planted. The first tests count the files in plain Python; the others ask the
tables.
"""

from __future__ import annotations

import csv
import gzip
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import pytest
from given import rows
from shops import SAMPLE

from parcours.loading.load import load_exports
from parcours.loading.settings_tables import write_settings
from parcours.made_up_shop import write_exports
from parcours.made_up_shop.__main__ import parser
from parcours.made_up_shop.faults import ALL_FAULTS, NO_FAULTS
from parcours.project import ROOT, load_project
from parcours.tables.catalogue import build_all
from parcours.warehouse.connection import open_warehouse

PARIS = ZoneInfo("Europe/Paris")
SIZE: dict[str, Any] = {"people": 3000, "days": 60, "seed": 7, "start": date(2026, 7, 1)}
TABLES = (
    "metrics.reconciliation",
    "metrics.outage_days",
    "metrics.late_rows",
    "metrics.screening",
    "journeys.screened_people",
    "journeys.order_sessions",
)
Event = dict[str, Any]
Truth = dict[str, Any]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("faulty")
    write_exports(out, **SIZE, faults=ALL_FAULTS)
    return out


@pytest.fixture(scope="module")
def sound_shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sound")
    write_exports(out, **SIZE)
    return out


@pytest.fixture(scope="module")
def truth(shop: Path) -> Truth:
    found: Truth = json.loads((shop / "truth.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def planted(truth: Truth) -> Truth:
    found: Truth = truth["faults"]
    return found


@contextmanager
def warehouse(exports: Path, output: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The tables of these tests, built from the exports in a folder."""
    project = load_project(ROOT / "journey.yaml", exports, output)
    with open_warehouse(project) as connection:
        write_settings(connection, project.settings)
        load_exports(connection, project)
        build_all(connection, project, TABLES)
        yield connection


@pytest.fixture(scope="module")
def parcours(shop: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    with warehouse(shop, tmp_path_factory.mktemp("warehouse")) as connection:
        yield connection


def one(parcours: duckdb.DuckDBPyConnection, query: str) -> Any:
    [row] = rows(parcours, query)
    return row if len(row) > 1 else row[0]


def events_of(shop: Path) -> list[Event]:
    """The events of all files that a loader can take in, each messageId once."""
    found: dict[str, Event] = {}
    for path in sorted((shop / "events").iterdir()):
        for line in gzip.decompress(path.read_bytes()).decode().splitlines():
            try:
                event = json.loads(line)
            except json.JSONDecodeError:
                continue
            if "messageId" in event and not event["messageId"].startswith("planted"):
                found[event["messageId"]] = event
    return list(found.values())


@pytest.fixture(scope="module")
def events(shop: Path) -> list[Event]:
    return events_of(shop)


def is_purchase(event: Event) -> bool:
    return event.get("event") == "Order Completed"


def shop_day(event: Event) -> str:
    return datetime.fromisoformat(event["timestamp"]).astimezone(PARIS).date().isoformat()


@pytest.fixture(scope="module")
def order_files(shop: Path) -> list[dict[str, dict[str, str]]]:
    """Of each file of orders, the first line of each order."""
    found = []
    for path in sorted((shop / "orders").iterdir()):
        with path.open(encoding="utf-8", newline="") as file:
            found.append({row["Name"]: row for row in csv.DictReader(file) if row["Id"]})
    return found


@pytest.fixture(scope="module")
def name_of(order_files: list[dict[str, dict[str, str]]]) -> dict[str, str]:
    """By an order's id, as events have it, its name."""
    return {row["Id"]: name for heads in order_files for name, row in heads.items()}


# ---- The files ----


def test_as_many_faults_are_planted_as_were_asked_for(planted: Truth) -> None:
    assert planted["missing_purchase_events"]["count"] == ALL_FAULTS.missing_purchase_events
    assert planted["duplicate_purchase_events"]["count"] == ALL_FAULTS.duplicate_purchase_events
    assert planted["refunds"]["count"] == ALL_FAULTS.refunds
    assert len(planted["tracking_outage"]["dates"]) == ALL_FAULTS.tracking_outage_days == 2
    assert planted["scraper"]["events"] == ALL_FAULTS.scraper_events
    named = [name for fault in planted.values() for name in fault.get("orders", ())]
    assert len(named) == len(set(named)), "an order has one fault at most"


def test_purchase_events_of_the_files_are_missing_and_double_where_the_truth_says(
    events: list[Event], planted: Truth, name_of: dict[str, str]
) -> None:
    found = Counter(name_of[event["properties"]["order_id"]] for event in events if is_purchase(event))
    without = {*planted["missing_purchase_events"]["orders"], *planted["tracking_outage"]["orders"]}
    assert set(name_of.values()) - set(found) == without
    assert sorted(name for name, count in found.items() if count > 1) == planted["duplicate_purchase_events"]["orders"]
    assert max(found.values()) == 2


def test_a_page_that_was_loaded_again_is_another_event_minutes_later(
    events: list[Event], planted: Truth, name_of: dict[str, str]
) -> None:
    of: dict[str, list[Event]] = defaultdict(list)
    for event in filter(is_purchase, events):
        of[name_of[event["properties"]["order_id"]]].append(event)
    for name in planted["duplicate_purchase_events"]["orders"]:
        first, again = sorted(of[name], key=lambda event: str(event["timestamp"]))
        seconds = (
            datetime.fromisoformat(again["timestamp"]) - datetime.fromisoformat(first["timestamp"])
        ).total_seconds()
        assert 20 <= seconds < 300
        assert first["anonymousId"] == again["anonymousId"]
        assert first["properties"] == again["properties"]


def test_orders_go_on_while_no_event_is_written(
    shop: Path, events: list[Event], planted: Truth, order_files: list[dict[str, dict[str, str]]]
) -> None:
    outage = planted["tracking_outage"]
    first, second = map(date.fromisoformat, outage["dates"])
    assert (second - first).days == 1
    assert not {shop_day(event) for event in events} & set(outage["dates"])
    assert not [day for day in outage["dates"] if (shop / "events" / f"events-{day}.jsonl.gz").exists()]
    placed = {name for heads in order_files for name, row in heads.items() if row["Created at"][:10] in outage["dates"]}
    assert sorted(placed) == sorted(outage["orders"])
    assert len(placed) == outage["count"] > 1


def test_refunds_come_with_the_export_that_restates_the_orders(
    planted: Truth, truth: Truth, order_files: list[dict[str, dict[str, str]]]
) -> None:
    before, last = order_files
    for name in planted["refunds"]["orders"]:
        assert before[name]["Financial Status"] == "paid"
        assert last[name]["Financial Status"] == "refunded"
        assert float(before[name]["Refunded Amount"]) == 0
        assert last[name]["Refunded Amount"] == last[name]["Total"]
    newest = before | last
    in_full = [row for row in newest.values() if row["Refunded Amount"] == row["Total"] and not row["Cancelled at"]]
    assert len(in_full) == truth["orders"]["refunded_in_full"]


def test_the_scraper_sees_thousands_of_pages_in_an_hour_and_buys_nothing(events: list[Event], planted: Truth) -> None:
    scraper = planted["scraper"]
    seen = [event for event in events if event["anonymousId"] == scraper["anonymous_id"]]
    assert len(seen) == scraper["events"]
    assert {event["event"] for event in seen} == {"Product Viewed"}
    assert {shop_day(event) for event in seen} == {scraper["date"]}
    assert len({event["timestamp"][:13] for event in seen}) == 1, "within one hour"


def test_all_other_events_are_those_of_the_shop_without_faults(
    sound_shop: Path, events: list[Event], planted: Truth, truth: Truth, name_of: dict[str, str]
) -> None:
    sound = {event["messageId"]: event for event in events_of(sound_shop)}
    faulty = {event["messageId"]: event for event in events}
    lost = [event for message, event in sound.items() if message not in faulty]
    in_outage = [event for event in lost if shop_day(event) in planted["tracking_outage"]["dates"]]
    assert len(in_outage) == planted["tracking_outage"]["events_left_out"]
    others = [event for event in lost if event not in in_outage]
    assert all(map(is_purchase, others))
    names = sorted(name_of[event["properties"]["order_id"]] for event in others)
    assert names == planted["missing_purchase_events"]["orders"]
    added = [event for message, event in faulty.items() if message not in sound]
    assert len(added) == planted["scraper"]["events"] + planted["duplicate_purchase_events"]["count"]
    assert len(faulty) == truth["events"]["distinct"]
    assert all(faulty[message] == sound[message] for message in sound.keys() & faulty.keys())


def test_without_faults_the_sample_stays_as_it_is(tmp_path: Path) -> None:
    write_exports(tmp_path, people=6000, days=90, seed=7, faults=NO_FAULTS)
    assert contents(tmp_path) == contents(SAMPLE)


def contents(folder: Path) -> dict[str, bytes]:
    """By name, the bytes of each file, unpacked: another zlib packs the same lines into other bytes."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {
        str(path.relative_to(folder)): gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        for path in files
    }


def test_the_command_plants_all_faults_when_asked_and_none_otherwise() -> None:
    assert parser.parse_args(["--out", "shop", "--faults"]).faults == ALL_FAULTS
    assert parser.parse_args(["--out", "shop"]).faults == NO_FAULTS


def test_a_shop_too_small_for_its_faults_says_so(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="Simulate more people or days"):
        write_exports(tmp_path, people=50, days=10, seed=7, faults=ALL_FAULTS)


# ---- What Parcours says of them ----


def orders_by_day(names: Iterable[str], order_files: list[dict[str, dict[str, str]]]) -> dict[date, int]:
    placed_on = {name: row["Created at"][:10] for heads in order_files for name, row in heads.items()}
    return Counter(date.fromisoformat(placed_on[name]) for name in names)


def by_day(parcours: duckdb.DuckDBPyConnection, figure: str, table: str) -> dict[date, int]:
    """The days on which a figure is not 0."""
    found = parcours.table(table).aggregate(f"day, cast(sum({figure}) as bigint) as n").filter("n > 0")
    return dict(found.fetchall())


def test_orders_without_a_purchase_event_are_those_left_out_and_those_of_the_outage(
    parcours: duckdb.DuckDBPyConnection, planted: Truth, truth: Truth, order_files: list[dict[str, dict[str, str]]]
) -> None:
    missing, in_outage = planted["missing_purchase_events"], planted["tracking_outage"]
    found = by_day(parcours, "orders_without_event_count", "metrics.reconciliation")
    assert found == orders_by_day([*missing["orders"], *in_outage["orders"]], order_files)
    assert {day.isoformat() for day in found} >= set(in_outage["dates"])
    compared, matched, without = one(
        parcours,
        "select sum(order_count), sum(matched_order_count), sum(orders_without_event_count) "
        "from metrics.reconciliation",
    )
    assert compared == truth["orders"]["orders"]
    assert without == missing["count"] + in_outage["count"]
    assert matched == compared - without


def test_purchase_events_that_came_again_are_counted_on_their_orders_day(
    parcours: duckdb.DuckDBPyConnection, planted: Truth, order_files: list[dict[str, dict[str, str]]]
) -> None:
    doubled = planted["duplicate_purchase_events"]
    found = by_day(parcours, "duplicate_event_count", "metrics.reconciliation")
    assert found == orders_by_day(doubled["orders"], order_files)
    assert sum(found.values()) == doubled["count"]


def test_every_purchase_event_has_an_order_of_its_amount(parcours: duckdb.DuckDBPyConnection) -> None:
    found = one(
        parcours,
        "select sum(events_without_order_count), sum(amount_difference_count), sum(amount_difference) "
        "from metrics.reconciliation",
    )
    assert found == (0, 0, 0)


def test_reconciliation_splits_the_orders_by_their_payment_method(
    parcours: duckdb.DuckDBPyConnection, order_files: list[dict[str, dict[str, str]]]
) -> None:
    newest = {name: row for heads in order_files for name, row in heads.items()}
    found = rows(parcours, "select payment_method, sum(order_count) from metrics.reconciliation group by 1")
    assert dict(found) == Counter(row["Payment Method"] for row in newest.values())


def test_refunds_of_a_later_export_restate_the_orders(
    parcours: duckdb.DuckDBPyConnection, planted: Truth, truth: Truth
) -> None:
    found = dict(
        rows(
            parcours,
            "select order_id, net_revenue from staging.orders where is_fully_refunded and not is_cancelled",
        )
    )
    assert len(found) == truth["orders"]["refunded_in_full"]
    assert set(planted["refunds"]["orders"]) <= set(found)
    assert set(found.values()) == {0}
    some = one(parcours, "select count(*) from staging.orders where refunded > 0 and not is_cancelled")
    assert some == truth["orders"]["refunded"]


def test_days_without_tracking_are_found_and_no_others(
    parcours: duckdb.DuckDBPyConnection, planted: Truth, truth: Truth
) -> None:
    found = rows(parcours, "select outage, outage_on from metrics.outage_days order by outage_on")
    tracking = [day.isoformat() for outage, day in found if outage == "tracking"]
    assert tracking == planted["tracking_outage"]["dates"]
    assert [day.isoformat() for outage, day in found if outage == "payment"] == [truth["outage"]["date"]]


def test_the_scraper_alone_is_screened(parcours: duckdb.DuckDBPyConnection, planted: Truth) -> None:
    found = rows(
        parcours,
        "select identities.identifier, screened.reason from journeys.screened_people as screened "
        "left join journeys.identities as identities on screened.person_id = identities.person_id",
    )
    assert found == [(f"anonymous:{planted['scraper']['anonymous_id']}", "bot")]


def test_the_scrapers_events_are_left_out_of_the_figures_and_shown_beside_them(
    parcours: duckdb.DuckDBPyConnection, planted: Truth, truth: Truth
) -> None:
    scraped, events = planted["scraper"]["events"], truth["events"]["distinct"]
    assert one(parcours, "select count(*) from staging.events") == events, "they are loaded"
    assert one(parcours, "select sum(touchpoint_count) from journeys.sessions") == events - scraped
    found = {
        figure: values
        for figure, *values in rows(
            parcours, "select figure, value_without, value_with, bot_value, staff_value from metrics.screening"
        )
    }
    sessions = one(parcours, "select count(*) from journeys.sessions")
    visitors = "select count(distinct person_id) from journeys.touchpoints where source in ('events', 'orders')"
    people = one(parcours, visitors)
    orders = truth["orders"]["orders"]
    assert found["touchpoints"] == [events - scraped, events, scraped, 0]
    assert found["sessions"] == [sessions, sessions + 1, 1, 0]
    assert found["people"] == [people, people + 1, 1, 0]
    assert found["orders"] == [orders, orders, 0, 0]
    without, with_all, bots, staff = found["conversion"]
    assert without > with_all > bots == 0
    assert staff is None


def test_late_rows_are_the_events_of_the_late_file(
    parcours: duckdb.DuckDBPyConnection, shop: Path, truth: Truth
) -> None:
    text = gzip.decompress((shop / "events" / "events-late.jsonl.gz").read_bytes()).decode()
    expected = Counter(date.fromisoformat(shop_day(json.loads(line))) for line in text.splitlines())
    found = by_day(parcours, "late_count", "metrics.late_rows")
    assert found == expected
    assert sum(found.values()) == truth["events"]["late_events"] > 0
    assert [min(found).isoformat(), max(found).isoformat()] == truth["events"]["late_events_of"]
    assert one(parcours, "select sum(row_count) from metrics.late_rows") == truth["events"]["distinct"]


def test_of_a_shop_without_faults_none_is_reported(tmp_path: Path) -> None:
    truth = write_exports(tmp_path / "exports", people=700, days=30, seed=5)
    with warehouse(tmp_path / "exports", tmp_path) as parcours:
        found = one(
            parcours,
            "select sum(order_count), sum(matched_order_count), sum(duplicate_event_count), "
            "sum(events_without_order_count), sum(amount_difference_count) from metrics.reconciliation",
        )
        assert found == (truth["orders"]["orders"], truth["orders"]["orders"], 0, 0, 0)
        assert not rows(parcours, "from metrics.outage_days where outage = 'tracking'")
        assert not rows(parcours, "from journeys.screened_people")
        assert one(parcours, "select sum(late_count) from metrics.late_rows") == truth["events"]["late_events"]
        in_full = one(parcours, "select count(*) from staging.orders where is_fully_refunded and not is_cancelled")
        assert in_full == truth["orders"]["refunded_in_full"]
    assert "faults" not in truth
