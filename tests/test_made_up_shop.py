"""The made-up shop: its truth must agree with an independent, plain count of the files it wrote."""

from __future__ import annotations

import csv
import gzip
import hashlib
import json
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import BuiltOnce

from parcours.made_up_shop import plan, write_exports
from parcours.made_up_shop.incidents import Calm, Incident
from parcours.made_up_shop.period import Period
from parcours.made_up_shop.simulation import simulate
from parcours.made_up_shop.truth import changes_truth, journeys_truth

HEADER = (
    "Name,Email,Financial Status,Paid at,Fulfillment Status,Fulfilled at,Accepts Marketing,Currency,Subtotal,"
    "Shipping,Taxes,Total,Discount Code,Discount Amount,Shipping Method,Created at,Lineitem quantity,"
    "Lineitem name,Lineitem price,Lineitem compare at price,Lineitem sku,Lineitem requires shipping,"
    "Lineitem taxable,Lineitem fulfillment status,Billing Name,Billing Street,Billing Address1,"
    "Billing Address2,Billing Company,Billing City,Billing Zip,Billing Province,Billing Country,"
    "Billing Phone,Shipping Name,Shipping Street,Shipping Address1,Shipping Address2,Shipping Company,"
    "Shipping City,Shipping Zip,Shipping Province,Shipping Country,Shipping Phone,Notes,Note Attributes,"
    "Cancelled at,Payment Method,Payment Reference,Refunded Amount,Vendor,Outstanding Balance,Employee,"
    "Location,Device ID,Id,Tags,Risk Level,Source,Lineitem discount,Tax 1 Name,Tax 1 Value,Tax 2 Name,"
    "Tax 2 Value,Tax 3 Name,Tax 3 Value,Tax 4 Name,Tax 4 Value,Tax 5 Name,Tax 5 Value,Phone,Receipt Number,"
    "Duties,Billing Province Name,Shipping Province Name,Payment ID,Payment Terms Name,Next Payment Due At,"
    "Payment References"
)
STAGES = ["discovery", "consideration", "cart", "checkout", "purchase"]


@pytest.fixture(scope="module")
def shop(built_once: BuiltOnce) -> Path:
    def build(folder: Path) -> Path:
        write_exports(folder / "exports", people=6000, days=90, seed=7)
        return folder / "exports"

    out: Path = built_once("made-up shop", build)
    return out


@pytest.fixture(scope="module")
def truth(shop: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((shop / "truth.json").read_text(encoding="utf-8"))
    return found


@pytest.fixture(scope="module")
def event_files(shop: Path) -> dict[str, list[str]]:
    files = sorted((shop / "events").iterdir())
    return {f"events/{file.name}": gzip.decompress(file.read_bytes()).decode().splitlines() for file in files}


def why_malformed(line: str) -> str | None:
    if not line.startswith("{"):
        return "not JSON"
    try:
        event = json.loads(line)
    except json.JSONDecodeError:
        return "truncated JSON"
    if "messageId" not in event:
        return "no messageId"
    if "timestamp" not in event:
        return "no timestamp"
    if not event.get("anonymousId") and not event.get("userId"):
        return "no identity"
    try:
        instant = datetime.fromisoformat(event["timestamp"])
    except ValueError:
        return "impossible timestamp"
    return "timestamp in 1970" if instant.year < 2000 else None


@pytest.fixture(scope="module")
def events(event_files: dict[str, list[str]]) -> list[dict[str, Any]]:
    sound = (line for lines in event_files.values() for line in lines if not why_malformed(line))
    return list({event["messageId"]: event for event in map(json.loads, sound)}.values())


def order_files(shop: Path) -> dict[str, list[dict[str, str]]]:
    found = {}
    for path in sorted((shop / "orders").iterdir()):
        with path.open(encoding="utf-8", newline="") as file:
            found[path.name] = list(csv.DictReader(file))
    return found


def sound_lines(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    return [
        row
        for row in rows
        if row["Name"] and int(row["Lineitem quantity"]) > 0 and row["Lineitem price"] != "on request"
    ]


@pytest.fixture(scope="module")
def orders(shop: Path) -> dict[str, list[dict[str, str]]]:
    """The rows of each order, as the newest file has them."""
    newest: dict[str, list[dict[str, str]]] = {}
    for rows in order_files(shop).values():
        by_name = defaultdict(list)
        for row in sound_lines(rows):
            by_name[row["Name"]].append(row)
        newest |= by_name
    return newest


def survey_rows(shop: Path) -> list[dict[str, str]]:
    with (shop / "crm/survey_answers.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def digests(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def test_equal_arguments_give_equal_bytes_and_another_seed_does_not(tmp_path: Path) -> None:
    for name, seed in (("one", 3), ("again", 3), ("other", 4)):
        write_exports(tmp_path / name, people=400, days=12, seed=seed)
    one, again, other = (digests(tmp_path / name) for name in ("one", "again", "other"))
    assert one == again
    assert len(one) == 12 + 1 + 1 + 2 + 1
    assert one.keys() == other.keys()
    assert all(one[name] != other[name] for name in one)


def test_importing_the_module_loads_no_heavy_library() -> None:
    heavy = "{'numpy', 'duckdb', 'pyarrow', 'pandas'}"
    program = f"import sys, parcours.made_up_shop; print({heavy} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert result.stdout.strip() == "set()"


def test_the_returned_truth_is_the_file_and_the_sample_is_small(tmp_path: Path, shop: Path) -> None:
    returned = write_exports(tmp_path, people=50, days=7, seed=1)
    assert returned == json.loads((tmp_path / "truth.json").read_text(encoding="utf-8"))
    assert sum(path.stat().st_size for path in shop.rglob("*") if path.is_file()) < 3_000_000


def test_malformed_lines_are_where_the_truth_says(
    event_files: dict[str, list[str]], truth: dict[str, Any], shop: Path
) -> None:
    found = {
        name: dict(Counter(reason for line in lines if (reason := why_malformed(line))))
        for name, lines in event_files.items()
    }
    planted = truth["malformed"]
    assert {name: reasons for name, reasons in found.items() if reasons} == {
        name: reasons for name, reasons in planted.items() if name.startswith("events/")
    }
    assert len({reason for reasons in found.values() for reason in reasons}) == 7
    rows = order_files(shop)["orders_export_1.csv"]
    assert len(rows) - len(sound_lines(rows)) == sum(planted["orders/orders_export_1.csv"].values()) == 3
    with (shop / "crm/contacts.csv").open(encoding="utf-8", newline="") as file:
        contacts = list(csv.DictReader(file))
    assert sum(not row["Record ID"] for row in contacts) == 1
    assert len(contacts) - 1 == len({row["Record ID"] for row in contacts if row["Record ID"]}) == truth["contacts"]
    surveys = survey_rows(shop)
    assert sum(not row["Response ID"] for row in surveys) == 1
    assert sum(row["Score"] == "9" for row in surveys) == 1
    assert 15 <= sum(sum(reasons.values()) for reasons in planted.values()) <= 25


def test_events_and_duplicates_agree_with_a_plain_count(
    event_files: dict[str, list[str]], events: list[dict[str, Any]], truth: dict[str, Any]
) -> None:
    sound = [(name, line) for name, lines in event_files.items() for line in lines if not why_malformed(line)]
    files_of = defaultdict(list)
    for name, line in sound:
        files_of[line].append(name)
    assert len(files_of) == len(events) == truth["events"]["distinct"]
    assert len(sound) == truth["events"]["lines"]
    assert sum(len(names) - 1 for names in files_of.values()) == truth["events"]["duplicate_lines"]
    across = sum(len(set(names)) - 1 for names in files_of.values())
    assert across == truth["events"]["duplicate_lines_in_the_next_file"] > 0
    late = [json.loads(line)["timestamp"] for line in event_files["events/events-late.jsonl.gz"]]
    first, last = truth["events"]["late_events_of"]
    assert len(late) == truth["events"]["late_events"] > 0
    assert all(first <= moment[:10] or moment[11:13] >= "22" for moment in late)
    assert max(late)[:10] <= last


def test_nothing_happens_outside_the_period(
    events: list[dict[str, Any]], orders: dict[str, list[dict[str, str]]], truth: dict[str, Any], shop: Path
) -> None:
    ends = truth["ends_before"].replace("Z", ".000Z")
    for name in ("timestamp", "originalTimestamp", "sentAt", "receivedAt"):
        assert max(event[name] for event in events) < ends
    assert min(event["timestamp"] for event in events) >= "2026-06-30T22:00:00.000Z"
    local_end = "2026-09-29 00:00:00 +0200"
    for name in ("Created at", "Paid at", "Fulfilled at", "Cancelled at"):
        assert max(rows[0][name] for rows in orders.values()) < local_end
    delivered = [rows[0]["Note Attributes"].partition("delivered_at: ")[2] for rows in orders.values()]
    assert max(text[:25] for text in delivered) < local_end
    assert max(max(row["Sent at"], row["Answered at"]) for row in survey_rows(shop)) < "2026-09-29T00:00:00+02:00"


def test_the_order_export_has_shopifys_columns_and_its_sums_hold(
    shop: Path, orders: dict[str, list[dict[str, str]]], truth: dict[str, Any]
) -> None:
    for path in (shop / "orders").iterdir():
        assert path.read_text(encoding="utf-8").partition("\n")[0] == HEADER
    assert len(HEADER.split(",")) == 79
    assert len(orders) == truth["orders"]["orders"]
    assert sum(map(len, orders.values())) == truth["orders"]["order_lines"]
    for head, *others in orders.values():
        cents = {
            name: round(100 * float(head[name]))
            for name in ("Subtotal", "Discount Amount", "Shipping", "Total", "Refunded Amount")
        }
        lines = sum(
            int(row["Lineitem quantity"]) * round(100 * float(row["Lineitem price"])) for row in (head, *others)
        )
        assert cents["Subtotal"] == lines - cents["Discount Amount"]
        assert cents["Total"] == cents["Subtotal"] + cents["Shipping"]
        assert cents["Refunded Amount"] <= cents["Total"]
        assert all(not row["Id"] and not row["Total"] and row["Created at"] for row in others)


def test_refunds_cancellations_and_late_parcels_agree_with_the_truth(
    orders: dict[str, list[dict[str, str]]], truth: dict[str, Any]
) -> None:
    heads = [rows[0] for rows in orders.values()]
    cancelled = [head for head in heads if head["Cancelled at"]]
    refunded = [h for h in heads if h["Financial Status"] in ("refunded", "partially_refunded")]
    assert len(cancelled) == truth["orders"]["cancelled"]
    assert len([head for head in refunded if not head["Cancelled at"]]) == truth["orders"]["refunded"]
    assert sum(bool(head["Fulfilled at"]) for head in heads) == truth["orders"]["shipped"]
    notes = [dict(part.split(": ", 1) for part in h["Note Attributes"].split("; ")) for h in heads]
    late = [n for n in notes if "delivered_at" in n and n["delivered_at"][:10] > n["promised_on"]]
    assert sum("delivered_at" in note for note in notes) == truth["orders"]["delivered"]
    assert len(late) == truth["orders"]["delivered_late"]


def test_the_last_order_file_restates_a_week_of_the_file_before(shop: Path) -> None:
    *_, before, last = order_files(shop).values()
    again = {row["Name"]: row for row in last if row["Id"]}
    shared = [(row, again[row["Name"]]) for row in sound_lines(before) if row["Id"] and row["Name"] in again]
    assert len(shared) > 5
    assert len({old["Created at"][:10] for old, _ in shared}) <= 7
    assert all(old["Id"] == new["Id"] for old, new in shared)
    assert any(old["Note Attributes"] != new["Note Attributes"] for old, new in shared)


def test_every_purchase_event_names_an_order_of_the_same_total(
    events: list[dict[str, Any]], orders: dict[str, list[dict[str, str]]]
) -> None:
    totals = {rows[0]["Id"]: float(rows[0]["Total"]) for rows in orders.values()}
    bought = [event["properties"] for event in events if event.get("event") == "Order Completed"]
    assert {properties["order_id"]: properties["total"] for properties in bought} == totals


def test_the_furthest_stages_of_the_events_agree_with_the_truth(
    events: list[dict[str, Any]], truth: dict[str, Any]
) -> None:
    counts = Counter(event.get("event", "") for event in events)
    reached = truth["journeys"]["all"]["reached"]
    assert counts["Checkout Started"] == reached["checkout"]
    assert counts["Order Completed"] == reached["purchase"] == truth["orders"]["orders"]
    people = {event["anonymousId"] for event in events} - {"tablet-store-1"}
    assert truth["people"] <= len(people) <= truth["people"] + truth["journeys"]["on_two_devices"]
    carts = {event["properties"].get("cart_id") for event in events if event.get("event") == "Product Added"}
    assert len(carts - {None}) == truth["journeys"]["carts_with_cart_id"]
    tablet = {event["userId"] for event in events if event["anonymousId"] == "tablet-store-1"}
    assert len(tablet) == truth["shared_device"]["customers"] == 40


def test_planted_rates_are_met() -> None:
    period = Period.of(date(2026, 7, 1), 60)
    made = simulate(np.random.default_rng(11), period, 20_000)
    journeys, changes = journeys_truth(period, made), changes_truth(period, made)
    rate = journeys["first_purchase"]["step_rate"]
    assert rate["consideration"] == pytest.approx(0.65, abs=0.02)
    assert rate["cart"] == pytest.approx(0.45, abs=0.02)
    for change, before, after in zip(changes, (0.65, 0.30, 0.62), (0.65, 0.435, 0.42), strict=True):
        for side, planted in (("before", before), ("after", after)):
            share = change[side]["converted"] / change[side]["entered"]
            assert share == pytest.approx(planted, abs=0.05), (change["id"], side)
    reached = list(journeys["all"]["reached"].values())
    rates = [later / earlier for earlier, later in pairwise(reached)]
    assert min(rates) == rates[-1], "checkout -> purchase is the planted drop-off"


def test_surveys_agree_with_a_plain_count(shop: Path, truth: dict[str, Any]) -> None:
    rows = [row for row in survey_rows(shop) if row["Response ID"] and row["Score"] != "9"]
    for survey, figures in truth["surveys"].items():
        scores = [int(row["Score"]) for row in rows if row["Survey"] == survey and row["Score"]]
        assert sum(row["Survey"] == survey for row in rows) == figures["sent"]
        assert len(scores) == figures["answered"]
        assert sum(score >= 4 for score in scores) / len(scores) == pytest.approx(figures["csat"], abs=1e-4)
    assert any("<script>" in row["Comment"] for row in rows)


def test_planted_personal_data_stands_in_the_orders(shop: Path, truth: dict[str, Any]) -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in (shop / "orders").iterdir())
    planted = truth["personal_data"]
    assert [len(values) for values in planted.values()] == [20, 20, 20]
    assert all(value in text for values in planted.values() for value in values)


def test_gaps_within_a_session_stay_below_its_timeout(events: list[dict[str, Any]]) -> None:
    by_id = defaultdict(list)
    for event in events:
        if event["anonymousId"] != "tablet-store-1":
            by_id[event["anonymousId"]].append(datetime.fromisoformat(event["timestamp"]).timestamp())
    gaps = [b - a for times in by_id.values() for a, b in pairwise(sorted(times))]
    assert not [gap for gap in gaps if 25 * 60 < gap < 35 * 60]
    assert sum(gap == 0 for gap in gaps) > 100, "ties"


def test_offsets_follow_the_end_of_summer_time(tmp_path: Path) -> None:
    write_exports(tmp_path, people=900, days=10, seed=5, start=date(2026, 10, 20))
    for rows in order_files(tmp_path).values():
        for row in sound_lines(rows):
            summer = row["Created at"] < "2026-10-25 03:00:00"
            assert row["Created at"].endswith("+0200" if summer else "+0100")


def test_a_calm_shop_has_what_broke_and_nothing_else(tmp_path: Path) -> None:
    mobile, newsletter = 0, 1
    broken = [
        Incident(3, 4, 7, 1.0, device=mobile),
        Incident(1, 10, 13, 1.0, campaign=newsletter),
        Incident(4, 15, 16, 1.0, is_payment=True),
    ]
    period = Period.of(date(2026, 7, 1), 20)

    def counts(incidents: list[Incident]) -> tuple[int, int, int, int]:
        """Of those that were broken: checkouts on mobiles, product pages by newsletter, purchases; failed payments."""
        made = simulate(np.random.default_rng(3), period, 2000, calm=Calm(np.random.default_rng(4), incidents))
        events, day = made["events"], period.day_of(made["events"]["t"])
        stage = np.array(plan.STAGE_OF_KIND)[events["kind"]]
        assert (events["kind"] == plan.ORDER).sum() == len(made["orders"]["created"])
        is_planned = events["session_no"] != plan.UNPLANNED
        fails = (events["kind"] == plan.FAILED) & (day >= 15) & (day <= 16)
        return (
            int(((events["device"] == mobile) & (day >= 4) & (day <= 7) & (stage >= 3)).sum()),
            int(((events["campaign"] == newsletter) & (day >= 10) & (day <= 13) & (stage >= 1) & is_planned).sum()),
            int(((day >= 15) & (day <= 16) & (stage >= 4)).sum()),
            int(fails.sum()),
        )

    checkouts, products, purchases, failures = counts([])
    assert counts(broken)[:3] == (0, 0, 0)
    assert min(checkouts, products, purchases) > 5
    assert counts(broken)[3] - failures > purchases / 2
    truth = write_exports(tmp_path, people=300, days=20, seed=3, incidents=broken)
    assert "changes" not in truth and "outage" not in truth
    assert [(one["stage"], one["first_on"], one["last_on"]) for one in truth["incidents"]] == [
        ("checkout", "2026-07-05", "2026-07-08"),
        ("consideration", "2026-07-11", "2026-07-14"),
        ("purchase", "2026-07-16", "2026-07-17"),
    ]
